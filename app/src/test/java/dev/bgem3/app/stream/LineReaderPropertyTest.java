package dev.bgem3.app.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LineReaderPropertyTest {
    private static final int MAX_LINE = 300_000;

    @Test
    void readsLinesHoweverTheBytesArrive() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            List<String> lines = new ArrayList<>();
            StringBuilder text = new StringBuilder();
            int count = random.nextInt(6);
            for (int i = 0; i < count; i++) {
                String line = randomLine(random);
                lines.add(line);
                boolean last = i == count - 1 && !line.isEmpty() && random.nextBoolean();
                text.append(line).append(last ? "" : random.nextBoolean() ? "\n" : "\r\n");
            }
            LineReader reader = reader(text.toString().getBytes(StandardCharsets.UTF_8),
                    random.nextInt(1, 100_000));
            List<String> found = new ArrayList<>();
            for (String line = reader.next(); line != null; line = reader.next()) {
                found.add(line);
            }
            assertThat(found).as("seed %d, round %d", seed, round).isEqualTo(lines);
            assertThat(reader.lineNumber()).isEqualTo(lines.size());
            assertThat(reader.bytesRead()).isEqualTo(text.toString().getBytes(StandardCharsets.UTF_8).length);
        }
    }

    private static String randomLine(Random random) {
        int length = random.nextInt(10) == 0 ? random.nextInt(60_000) : random.nextInt(20);
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < length; i++) {
            int point = random.nextInt(4) == 0
                    ? random.nextInt(0x1_0000, 0x11_0000)
                    : random.nextInt(' ', 0xD800);
            line.appendCodePoint(point);
        }
        return line.toString();
    }

    @Test
    void continuesAfterALineThatIsTooLong() throws Exception {
        byte[] bytes = ("first\n" + "x".repeat(MAX_LINE + 1) + "\n" + "y".repeat(MAX_LINE) + "\nlast")
                .getBytes(StandardCharsets.UTF_8);
        LineReader reader = reader(bytes, 1_000);
        assertThat(reader.next()).isEqualTo("first");
        assertThatThrownBy(reader::next).isInstanceOf(LineFaultException.class)
                .hasMessage("longer than " + MAX_LINE + " bytes");
        assertThat(reader.lineNumber()).isEqualTo(2);
        assertThat(reader.next()).hasSize(MAX_LINE);
        assertThat(reader.next()).isEqualTo("last");
        assertThat(reader.next()).isNull();
        assertThat(reader.next()).isNull();
    }

    @Test
    void reportsAnEndlessLineAtOnce() {
        InputStream zeros = new InputStream() {
            @Override
            public int read() {
                return 0;
            }
        };
        LineReader reader = new LineReader("test", zeros, OptionalLong.empty(), MAX_LINE);
        assertTimeoutPreemptively(Duration.ofSeconds(30),
                () -> assertThatThrownBy(reader::next).isInstanceOf(LineFaultException.class));
        assertThat(reader.lineNumber()).isEqualTo(1);
    }

    @Test
    void carriageReturnIsPartOfALineUnlessBeforeALineFeed() throws Exception {
        LineReader reader = reader("a\rb\r\r\nc\r".getBytes(StandardCharsets.UTF_8), 3);
        assertThat(reader.next()).isEqualTo("a\rb\r");
        assertThat(reader.next()).isEqualTo("c\r");
        assertThat(reader.next()).isNull();
    }

    @Test
    void reportsTheOffsetOfInvalidUtf8() throws Exception {
        LineReader reader = reader(
                new byte[]{'o', 'k', '\n', 'a', (byte) 0xC3, (byte) 0xA9, (byte) 0xFF, '\n', 'b'}, 10);
        assertThat(reader.next()).isEqualTo("ok");
        assertThatThrownBy(reader::next).isInstanceOf(LineFaultException.class)
                .hasMessage("not UTF-8: byte 0xFF at offset 3");
        assertThat(reader.next()).isEqualTo("b");
    }

    /** Creates a reader of bytes that arrive this many at a time. */
    private static LineReader reader(byte[] bytes, int atATime) {
        InputStream in = new ByteArrayInputStream(bytes) {
            @Override
            public int read(byte[] into) throws IOException {
                return read(into, 0, Math.min(into.length, atATime));
            }
        };
        return new LineReader("test", in, OptionalLong.empty(), MAX_LINE);
    }
}
