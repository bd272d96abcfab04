package dev.bgem3.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Checks that no line of a Java source is longer than {@code .editorconfig} allows. The formatter does not
 * wrap comments, string literals and text blocks.
 */
class SourceLinesTest {
    private static final Pattern LIMIT = Pattern.compile("\\[\\*\\.java][^\\[]*max_line_length = (\\d+)");

    @Test
    void noLineIsLongerThanEditorconfigAllows() throws IOException {
        int limit = limit();
        List<Path> sources = sources();
        assertThat(sources).hasSizeGreaterThan(100);
        List<String> tooLong = new ArrayList<>();
        for (Path source : sources) {
            int number = 0;
            for (String line : Files.readAllLines(source)) {
                number++;
                int columns = line.codePointCount(0, line.length());
                if (columns > limit) {
                    tooLong.add(Modules.ROOT.relativize(source) + ":" + number + ": " + columns + " columns");
                }
            }
        }
        assertThat(tooLong).as("lines with more than %d columns", limit).isEmpty();
    }

    private static int limit() throws IOException {
        List<MatchResult> limits = LIMIT.matcher(Files.readString(Modules.ROOT.resolve(".editorconfig")))
                .results().toList();
        assertThat(limits).as("max_line_length of [*.java] in .editorconfig").hasSize(1);
        return Integer.parseInt(limits.getFirst().group(1));
    }

    private static List<Path> sources() throws IOException {
        List<Path> sources = new ArrayList<>();
        Files.walkFileTree(Modules.ROOT, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                String name = folder.getFileName().toString();
                boolean isGenerated = name.equals("target")
                        || name.startsWith(".") && !folder.equals(Modules.ROOT);
                return isGenerated ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (file.toString().endsWith(".java")) {
                    sources.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        sources.sort(null);
        return sources;
    }
}
