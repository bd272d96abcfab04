package dev.bgem3.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import org.junit.jupiter.api.Test;

class MessagesTest {
    @Test
    void showsTextOnOneLineAndNotAllOfIt() {
        assertThat(Messages.printable("plain.weight")).isEqualTo("plain.weight");
        assertThat(Messages.printable("a\nb\u001b[2Jé")).isEqualTo("a?b?[2J?");
        assertThat(Messages.printable("x".repeat(101))).isEqualTo("x".repeat(100) + "...");
    }

    @Test
    void givesTheReasonWithItsKindAndWithoutAPackage() {
        assertThat(Messages.reason(new IOException("no space left"))).isEqualTo("no space left");
        assertThat(Messages.reason(new AccessDeniedException("/file"))).isEqualTo("AccessDenied: /file");
    }
}
