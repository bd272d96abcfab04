package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.testsupport.TestSizes;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Tests the standard streams and signals of a program that the launcher started. */
class LauncherStreamsTest extends LauncherFixture {
    @Test
    void treatsAClosedInputAsEmpty() throws Exception {
        Result input = run("", Map.of(), "/bin/bash", "-c", "exec 'a project/bgem3' tokenize <&-");
        assertThat(input.exitCode()).as(input.err()).isZero();
        assertThat(input.out() + input.err()).isEmpty();
        assertThat(run("a", Map.of(), "/bin/bash", "-c", "exec 'a project/bgem3' tokenize 2>&-").out())
                .startsWith("{\"id\":0").hasLineCount(1);
    }

    @Test
    void reportsAClosedStandardOutput() throws Exception {
        for (String command : List.of("tokenize", "encode", "demo", "info",
                "tokenize --output /dev/stdout")) {
            Result closed = run("a", Map.of(), "/bin/bash", "-c",
                    "exec 'a project/bgem3' " + command + " >&-");
            assertThat(closed.err()).as(command)
                    .isEqualTo("bgem3: standard output: cannot be written: it is closed\n");
            assertThat(closed.exitCode()).as(command).isEqualTo(1);
        }
        Path file = temporary.resolve("out");
        Result unused = run("a", Map.of(), "/bin/bash", "-c",
                "exec 'a project/bgem3' tokenize --output '" + file + "' >&-");
        assertThat(unused.exitCode()).as(unused.err()).isZero();
        assertThat(file).isNotEmptyFile();
    }

    @Test
    void javasOwnMessagesAreNotInTheResults() throws Exception {
        Result result = run("", Map.of("BGEM3_JAVA_OPTS", "-Xmx999999g"), launcher("--version"));
        assertThat(result.exitCode()).isNotZero();
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).isNotEmpty();
    }

    @Test
    void encodesAStreamWithLittleMemory() throws Exception {
        int count = TestSizes.pick(2_500, 5_000);
        String input = IntStream.range(0, count)
                .mapToObj(i -> "{\"id\":" + i + ",\"text\":\"a short line, number " + i + "\"}")
                .collect(Collectors.joining("\n"));
        Path file = temporary.resolve("out.jsonl");
        Result result = run(input,
                Map.of("BGEM3_JAVA_OPTS", TestSizes.pick("-Xmx48m", "-Xmx96m") + " -Xms16m"),
                launcher("encode", "--jsonl", "--dense",
                        "--sparse", "--colbert", "--output", file.toString()));
        assertThat(result.exitCode()).as(result.err()).isZero();
        int[] next = {0};
        try (Stream<String> lines = Files.lines(file)) {
            lines.forEach(line -> assertThat(line).startsWith("{\"id\":" + next[0]++ + ",\"dense\":[")
                    .endsWith("]]}"));
        }
        assertThat(next[0]).isEqualTo(count);
    }

    @Test
    void writesAResultWhileTheInputIsStillOpen() throws Exception {
        Process process = process(Map.of(), launcher("encode")).start();
        try (OutputStream in = process.getOutputStream(); var out = process.inputReader()) {
            for (int i = 0; i < 2; i++) {
                in.write("a line\n".getBytes(StandardCharsets.UTF_8));
                in.flush();
                String start = "{\"id\":" + i + ",";
                assertTimeoutPreemptively(Duration.ofSeconds(60),
                        () -> assertThat(out.readLine()).startsWith(start).endsWith("]}"));
            }
        }
        assertThat(process.waitFor()).isZero();
    }

    @Test
    void endsWithAWholeLineIfStopped() throws Exception {
        Process process = process(Map.of(), launcher("encode", "--colbert")).start();
        Thread writer = Thread.ofVirtual()
                .start(() -> write(process, "some words of a text ".repeat(90).concat("\n")
                        .repeat(5_000)));
        var out = process.getInputStream();
        String first = new String(out.readNBytes(1), StandardCharsets.UTF_8);
        process.toHandle().destroy();
        String all = first + new String(out.readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isEqualTo(128 + 15);
        writer.join();
        assertThat(all.endsWith("]]}\n")).as("ends with a whole line").isTrue();
    }

    @Test
    void leavesNoOutputFileIfStopped() throws Exception {
        Path folder = Files.createDirectory(temporary.resolve("results"));
        Process process = process(Map.of(),
                launcher("encode", "--batch-size", "1", "--output", folder.resolve("out.jsonl").toString()))
                .start();
        OutputStream in = process.getOutputStream();
        in.write("one line\n".repeat(100).getBytes(StandardCharsets.UTF_8));
        in.flush();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (files(folder).isEmpty() && System.nanoTime() < deadline) {
            Thread.sleep(20);
        }
        assertThat(files(folder)).hasSize(1).allMatch(name -> name.endsWith(".part"));
        process.destroy();
        assertThat(process.waitFor()).isEqualTo(128 + 15);
        assertThat(files(folder)).isEmpty();
    }

    @Test
    void leavesNoModelIfStoppedWhileWriting() throws Exception {
        Path folder = Files.createDirectory(temporary.resolve("models"));
        Process process = process(Map.of(), launcher("synth", folder.resolve("model").toString())).start();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (files(folder).isEmpty() && System.nanoTime() < deadline) {
            Thread.sleep(20);
        }
        assertThat(files(folder)).hasSize(1).allMatch(name -> name.endsWith(".part"));
        process.destroy();
        assertThat(process.waitFor()).isEqualTo(128 + 15);
        assertThat(files(folder)).isEmpty();
    }

    private static List<String> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    @Test
    void exitsQuietlyIfTheReaderClosesThePipe() throws Exception {
        Path input = temporary.resolve("lines.txt");
        Files.write(input, "a line of text\n".repeat(3_000).getBytes(StandardCharsets.UTF_8),
                StandardOpenOption.CREATE);
        Result result = run("", Map.of(), "/bin/bash", "-c",
                "'" + home.resolve("bgem3") + "' encode --dense --input '" + input
                        + "' | head -n 1; exit ${PIPESTATUS[0]}");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).hasLineCount(1);
        assertThat(result.err()).isEmpty();
    }

    @Test
    void reportsAFullStandardOutput() throws Exception {
        assumeTrue(Files.exists(Path.of("/dev/full")), "this system has no /dev/full");
        Result result = run("", Map.of(), "/bin/bash", "-c",
                "'" + home.resolve("bgem3") + "' demo > /dev/full");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err())
                .isEqualTo("bgem3: standard output: cannot be written: No space left on device\n");
    }
}
