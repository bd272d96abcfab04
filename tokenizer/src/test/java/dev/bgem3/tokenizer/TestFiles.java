package dev.bgem3.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Locates and reads the tests' data files. */
final class TestFiles {
    private TestFiles() {}

    /** Returns a file of the project. */
    static Path project(String path) {
        Path file = Path.of(System.getProperty("bgem3.root", "..")).resolve(path);
        assertThat(file).exists();
        return file;
    }

    /** Returns a file outside the project; if it does not exist, the test is reported as skipped. */
    static Path shared(String path) {
        String shared = System.getProperty("bgem3.shared", "");
        Path file = Path.of(shared).resolve(path);
        assumeTrue(!shared.isEmpty() && Files.exists(file), () -> "no " + file + " (set -Dshared.dir=DIR)");
        return file;
    }

    static Path mini() {
        return project("models/bge-m3-mini");
    }

    static Map<?, ?> json(byte[] bytes) {
        return (Map<?, ?>) TokenizerJson.plain(Json.parse(bytes));
    }

    static Map<?, ?> json(Path file) {
        try {
            return json(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static int[] ints(Object list) {
        return ((List<?>) list).stream().mapToInt(value -> ((Double) value).intValue()).toArray();
    }
}
