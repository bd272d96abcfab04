package dev.bgem3.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnfinishedPathTest {
    @TempDir
    private Path temporary;

    @Test
    void takesTheNameOfAFileOrAnEmptyFolder() throws IOException {
        Path file = Files.writeString(temporary.resolve("file"), "old");
        try (UnfinishedPath part = UnfinishedPath.beside(file)) {
            Files.writeString(part.path(), "new");
            part.complete();
        }
        assertThat(file).hasContent("new");
        Path folder = Files.createDirectory(temporary.resolve("folder"));
        try (UnfinishedPath part = UnfinishedPath.beside(folder)) {
            Files.createDirectory(part.path());
            Files.writeString(part.path().resolve("inside"), "new");
            part.complete();
        }
        assertThat(folder.resolve("inside")).hasContent("new");
        assertThat(entries()).isEqualTo(2);
    }

    @Test
    void leavesATargetThatFilledMeanwhileAsItIs() throws IOException {
        Path folder = Files.createDirectory(temporary.resolve("folder"));
        try (UnfinishedPath part = UnfinishedPath.beside(folder)) {
            Files.createDirectories(part.path().resolve("some/folders"));
            Files.writeString(folder.resolve("mine"), "kept");
            assertThatExceptionOfType(FileSystemException.class).isThrownBy(part::complete);
        }
        assertThat(folder.resolve("mine")).hasContent("kept");
        assertThat(entries()).isEqualTo(1);
    }

    @Test
    void deletesWhatIsHalfWrittenWhenTheProcessIsEnded() throws IOException, InterruptedException {
        Path target = temporary.resolve("model");
        Process process = new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "-cp",
                System.getProperty("java.class.path"), "dev.bgem3.sample.WriteMain", target.toString())
                .redirectErrorStream(true).start();
        try (BufferedReader output = process.inputReader()) {
            assertThat(output.readLine()).matches("4\\d{6} of 1\\d{7}");
            assertThat(entries()).as("what is being written").isEqualTo(1);
            process.toHandle().destroy();
            assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(output.readLine()).as("complaints").isNull();
            assertThat(entries()).as("left").isZero();
        } finally {
            process.destroyForcibly();
        }
    }

    private long entries() throws IOException {
        try (Stream<Path> entries = Files.list(temporary)) {
            return entries.count();
        }
    }
}
