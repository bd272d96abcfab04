package dev.bgem3.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import org.junit.jupiter.api.Test;

class MessagesTest {
    @Test
    void showsTextShortenedAndOnOneLine() {
        assertThat(Messages.printable("plain.weight")).isEqualTo("plain.weight");
        assertThat(Messages.printable("a\nb\u001b[2Jé")).isEqualTo("a?b?[2J?");
        assertThat(Messages.printable("x".repeat(101))).isEqualTo("x".repeat(100) + "...");
    }

    @Test
    void givesTheReasonWithoutPathAndClassName() {
        assertThat(Messages.reason(new IOException("no space left"))).isEqualTo("no space left");
        assertThat(Messages.reason(new IOException("Input/output error"))).isEqualTo("Input/output error");
        assertThat(Messages.reason(new AccessDeniedException("/file"))).isEqualTo("permission denied");
        assertThat(Messages.reason(new NoSuchFileException("/x.part"))).isEqualTo("no such file or folder");
        assertThat(Messages.reason(new FileAlreadyExistsException("/x"))).isEqualTo("it exists already");
        assertThat(Messages.reason(new NotDirectoryException("/x"))).isEqualTo("not a folder");
        assertThat(Messages.reason(new DirectoryNotEmptyException("/x")))
                .isEqualTo("the folder is not empty");
        assertThat(Messages.reason(new FileSystemException("/x", null, "Too many open files")))
                .isEqualTo("Too many open files");
        assertThat(Messages.reason(new FileSystemException("/x"))).isEqualTo("input or output failed");
        assertThat(Messages.reason(new IOException())).isEqualTo("input or output failed");
    }
}
