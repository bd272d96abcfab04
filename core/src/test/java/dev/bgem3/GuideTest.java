package dev.bgem3;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests the samples in the guides in {@code docs}: a {@code java} block compiles, runs, and prints what the
 * {@code text} block directly below it shows. All samples of a page share the imports and fields of its
 * {@code java shared} block. Blocks with another second word need more than this module and are skipped.
 */
class GuideTest {
    private static final String MARK = "=====";
    private static final Pattern SHARED = Pattern.compile("(?ms)^```java shared\n(.*?)^```");
    private static final Pattern SAMPLE = Pattern
            .compile("(?ms)^```java\n(.*?)^```\n(?:\n```text\n(.*?)^```)?");

    @TempDir
    private Path temporary;

    @ParameterizedTest
    @ValueSource(strings = {"library.md", "from-flagembedding.md", "indexing.md"})
    void samplesRunAndPrintWhatThePageShows(String page) throws IOException, InterruptedException {
        String text = Files.readString(Fixtures.ROOT.resolve("docs").resolve(page));
        List<MatchResult> samples = SAMPLE.matcher(text).results().toList();
        assertThat(samples).hasSizeGreaterThan(3);
        List<String> printed = List.of(run(program(text, samples)).split(MARK + "\n", -1));
        for (int i = 0; i < samples.size(); i++) {
            String shown = samples.get(i).group(2);
            assertThat(printed.get(i)).as("%s: %s", page, samples.get(i).group(1))
                    .isEqualTo(shown == null ? "" : shown);
        }
    }

    /** Returns the source of a class with a method for each sample. */
    private static String program(String page, List<MatchResult> samples) {
        MatchResult shared = SHARED.matcher(page).results().findFirst().orElseThrow();
        List<String> lines = shared.group(1).lines().filter(line -> !line.isEmpty()).toList();
        String imports = lines.stream().filter(line -> line.startsWith("import "))
                .collect(Collectors.joining("\n"));
        String fields = lines.stream().filter(line -> !line.startsWith("import "))
                .collect(Collectors.joining("\nstatic ", "static ", "\n"));
        String methods = IntStream.range(0, samples.size())
                .mapToObj(i -> "static void sample" + i + "() throws Exception {\n" + samples.get(i).group(1)
                        + "}\n")
                .collect(Collectors.joining());
        String calls = IntStream.range(0, samples.size())
                .mapToObj(i -> "sample" + i + "();\nSystem.out.println(\"" + MARK + "\");\n")
                .collect(Collectors.joining());
        return imports + "\nclass Samples {\n" + fields + methods
                + "public static void main(String[] arguments) throws Exception {\n" + calls + "}\n}\n";
    }

    /** Compiles and runs a program in the project's root folder, and returns what it prints. */
    private String run(String program) throws IOException, InterruptedException {
        Path source = Files.writeString(temporary.resolve("Samples.java"), program);
        Path out = temporary.resolve("out");
        Path errors = temporary.resolve("errors");
        Process process = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1", // Compiling the samples takes most of the time.
                "--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-cp",
                UserProgramTest.path(BgeM3.class, Tokenizer.class), source.toString())
                .directory(Fixtures.ROOT.toFile()).redirectOutput(out.toFile()).redirectError(errors.toFile())
                .start();
        try {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("ended").isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.exitValue()).as("%s", Files.readString(errors)).isZero();
        return Files.readString(out);
    }
}
