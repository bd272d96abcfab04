package dev.bgem3.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.app.stream.Streams;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SessionTest {
    private static boolean canRestart(Map<String, String> environment, Optional<Path> home) {
        Streams streams = new Streams(InputStream.nullInputStream(), OutputStream.nullOutputStream(),
                new PrintStream(OutputStream.nullOutputStream()), Optional.empty());
        return new Session(streams, environment, home).canRestart();
    }

    @Test
    void restartsOnlyOnceAndOnlyThroughALauncher() {
        Optional<Path> home = Optional.of(Path.of("home"));
        assertThat(canRestart(Map.of(), home)).isTrue();
        assertThat(canRestart(Map.of("BGEM3_VECTOR_API", ""), home)).isTrue();
        assertThat(canRestart(Map.of("BGEM3_VECTOR_API", "1"), home)).isFalse();
        assertThat(canRestart(Map.of(), Optional.empty())).isFalse();
    }
}
