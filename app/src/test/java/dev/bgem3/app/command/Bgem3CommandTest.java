package dev.bgem3.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.app.stream.Streams;
import java.io.ByteArrayInputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import picocli.CommandLine.Command;

class Bgem3CommandTest {
    static final Iterable<String> COMMANDS = Bgem3Command.COMMANDS;

    @ParameterizedTest
    @FieldSource("COMMANDS")
    void eachCommandHasTheNameInItsAnnotation(String name) {
        Streams streams = new Streams(new ByteArrayInputStream(new byte[0]), OutputStream.nullOutputStream(),
                new PrintStream(OutputStream.nullOutputStream()), Optional.empty());
        Object command = Bgem3Command.command(name, new Session(streams, Map.of(), Optional.empty()));
        assertThat(command.getClass().getAnnotation(Command.class).name()).isEqualTo(name);
    }
}
