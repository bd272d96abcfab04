package dev.bgem3.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BinaryCacheTest {
    @TempDir
    private Path folder;

    @Test
    void returnsContentOnlyUnderItsOwnKey() throws IOException {
        BinaryCache cache = new BinaryCache(folder.resolve("new").resolve("folder"));
        String key = BinaryCache.key("source", "options");
        assertThat(cache.read(key)).isEmpty();
        cache.write(key, new byte[]{1, 2, 3});
        assertThat(cache.read(key)).hasValueSatisfying(bytes -> assertThat(bytes).containsExactly(1, 2, 3));
        assertThat(cache.read(BinaryCache.key("sourceo", "ptions"))).isEmpty();
        try (Stream<Path> files = Files.list(folder.resolve("new").resolve("folder"))) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactly(key);
        }
    }

    @Test
    void ignoresADamagedFile() throws IOException {
        BinaryCache cache = new BinaryCache(folder);
        String key = BinaryCache.key("a");
        cache.write(key, new byte[]{1, 2, 3, 4});
        byte[] bytes = Files.readAllBytes(folder.resolve(key));
        for (int length : new int[]{0, 31, 32, bytes.length - 1}) {
            Files.write(folder.resolve(key), Arrays.copyOf(bytes, length));
            assertThat(cache.read(key)).isEmpty();
        }
        bytes[bytes.length - 1] ^= 1;
        Files.write(folder.resolve(key), bytes);
        assertThat(cache.read(key)).isEmpty();
        cache.write(key, new byte[]{5});
        assertThat(cache.read(key)).isPresent();
    }

    @Test
    void worksWithoutAWritableFolder() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "no folder");
        BinaryCache cache = new BinaryCache(file.resolve("below"));
        cache.write("key", new byte[]{1});
        assertThat(cache.read("key")).isEmpty();
    }

    @Test
    void worksIfALogHandlerThrows() throws IOException {
        AtomicInteger published = new AtomicInteger();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord entry) {
                published.incrementAndGet();
                throw new IllegalStateException("a handler, on purpose");
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger("dev.bgem3.kernels.cuda");
        logger.setLevel(Level.ALL);
        logger.addHandler(handler);
        try {
            Path file = Files.writeString(folder.resolve("file"), "too short for a digest");
            BinaryCache cache = new BinaryCache(folder);
            assertThat(cache.read(file.getFileName().toString())).isEmpty();
            assertThat(published).as("log entries after a damaged file").hasValue(1);
            Files.createDirectory(folder.resolve("unreadable"));
            assertThat(cache.read("unreadable")).isEmpty();
            assertThat(published).as("log entries after an unreadable file").hasValue(2);
            new BinaryCache(file.resolve("below")).write("key", new byte[]{1});
            assertThat(published).as("log entries after a failed write").hasValue(3);
        } finally {
            logger.removeHandler(handler);
            logger.setLevel(null);
        }
    }
}
