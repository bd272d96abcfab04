package dev.bgem3.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * Checks that the samples in the documentation of the libraries are regions of test sources, which the build
 * compiles and runs; {@code src/build/javadoc} looks for them in the same place.
 */
class SnippetTest {
    private static final List<String> LIBRARIES = List.of("tokenizer", "core");
    private static final Pattern SNIPPET = Pattern.compile("\\{@snippet ([^}]*)}?");
    private static final Pattern REGION = Pattern.compile("file=\"([^\"]+)\"\\s+region=\"([^\"]+)\"");
    /** Matches a public static method, with which a program can start. */
    private static final Pattern ENTRY_POINT = Pattern.compile("(?m)^    public static (?!final )[^=;{]*\\(");

    @ParameterizedTest
    @FieldSource("LIBRARIES")
    void isARegionOfATest(String module) throws IOException {
        List<Path> exported = exported(module);
        assertThat(exported).isNotEmpty();
        for (Path source : exported) {
            for (MatchResult snippet : SNIPPET.matcher(joinedLines(source)).results().toList()) {
                List<MatchResult> region = REGION.matcher(snippet.group(1)).results().toList();
                assertThat(region).as("%s: %s (expected: file and region)", source, snippet.group())
                        .hasSize(1);
                String file = region.getFirst().group(1);
                assertThat(file).as("%s", source).endsWith("Test.java");
                assertThat(Modules.ROOT.resolve(module).resolve("src/test/java").resolve(file))
                        .as("%s", source).content()
                        .containsOnlyOnce("@start region=\"" + region.getFirst().group(2) + "\"")
                        .contains("@Test");
            }
        }
    }

    @ParameterizedTest
    @FieldSource("LIBRARIES")
    void existsForEachTypeWithAStaticMethod(String module) throws IOException {
        List<String> without = new ArrayList<>();
        for (Path source : exported(module)) {
            String text = Files.readString(source);
            if (ENTRY_POINT.matcher(text).find() && !SNIPPET.matcher(text).find()) {
                without.add(source.getFileName().toString());
            }
        }
        assertThat(without).as("sources with a public static method and no {@snippet}").isEmpty();
    }

    /** Returns the sources of the packages that a module exports to everybody. */
    private static List<Path> exported(String module) throws IOException {
        List<Path> sources = new ArrayList<>();
        Path root = Modules.ROOT.resolve(module).resolve("src/main/java");
        for (String name : PublicApi.exportedPackages(module)) {
            try (Stream<Path> files = Files.list(root.resolve(name.replace('.', '/')))) {
                files.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
            }
        }
        return sources;
    }

    /** Returns a source with the lines of its comments joined, because snippet tags may be wrapped. */
    private static String joinedLines(Path source) throws IOException {
        return Files.readString(source).replaceAll("\n *\\* ", " ");
    }
}
