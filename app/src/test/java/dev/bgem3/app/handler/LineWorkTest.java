package dev.bgem3.app.handler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.app.stream.LineReader;
import dev.bgem3.app.stream.Streams;
import java.io.ByteArrayInputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Tests the division of an input into windows. */
class LineWorkTest {
    private static final PrintStream NOWHERE = new PrintStream(OutputStream.nullOutputStream());

    private static List<List<String>> windows(int maxItems, List<String> lines) {
        byte[] input = lines.stream().map(line -> line + "\n").collect(Collectors.joining())
                .getBytes(StandardCharsets.UTF_8);
        List<List<String>> windows = new ArrayList<>();
        Streams streams = new Streams(new ByteArrayInputStream(input), OutputStream.nullOutputStream(),
                NOWHERE, Optional.empty());
        try (LineReader reader = LineReader.open("-", false, streams)) {
            new LineWork(maxItems, false, streams).run(reader, (line, _, _) -> line, String::length,
                    windows::add);
        }
        assertThat(windows.stream().flatMap(List::stream).toList()).isEqualTo(lines);
        return windows;
    }

    private static long mostTokens(List<String> window) {
        return window.stream().mapToLong(line -> line.length() + 2).sum();
    }

    @Test
    void holdsAtMostTheGivenNumberOfLines() {
        assertThat(windows(3, List.of("a", "b", "c", "d")).stream().map(List::size)).containsExactly(3, 1);
        assertThat(windows(3, List.of())).isEmpty();
    }

    @Test
    void shortTextsCountSpecialTokensToo() {
        for (String line : List.of("", "a", "   ")) {
            List<List<String>> windows = windows(Integer.MAX_VALUE,
                    Stream.generate(() -> line).limit(100_000).toList());
            assertThat(windows).allMatch(window -> mostTokens(window) <= LineWork.MAX_TOKENS);
            // The windows are nearly full.
            assertThat(windows.subList(0, windows.size() - 1))
                    .allMatch(window -> mostTokens(window) > LineWork.MAX_TOKENS - line.length() - 2);
        }
    }

    @Test
    void longLineBeginsANewWindowIfTheCurrentIsNearlyFull() {
        String longLine = "x".repeat(30_000);
        assertThat(windows(512, List.of("a", longLine, "b", longLine, longLine, "c")).stream()
                .map(List::size)).containsExactly(3, 1, 2);
    }

    @Test
    void oversizedLineIsAWindowByItself() {
        String longLine = "x".repeat(LineWork.MAX_TOKENS);
        assertThat(windows(512, List.of("a", longLine, "b")).stream().map(List::size))
                .containsExactly(1, 1, 1);
    }
}
