package dev.bgem3.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.BufferedReader;
import dev.bgem3.text.Messages;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.ArrayList;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnfinishedPathTest {
    @TempDir
    private Path temporary;

    @Test
    void takesTheNameOfAFile() throws IOException {
        Path file = Files.writeString(temporary.resolve("file"), "old");
        try (UnfinishedPath part = UnfinishedPath.beside(file)) {
            Files.writeString(part.path(), "new");
            part.complete();
        }
        assertThat(file).hasContent("new");
        assertThat(entries()).isEqualTo(1);
    }

    @Test
    void movesIntoAFolderThatIsThereAndStays() throws IOException {
        Path folder = Files.createDirectory(temporary.resolve("folder"));
        Object key = Files.readAttributes(folder, BasicFileAttributes.class).fileKey();
        try (UnfinishedPath part = UnfinishedPath.inside(folder, "last")) {
            Files.createDirectories(part.path().resolve("some/folders"));
            Files.writeString(part.path().resolve("last"), "of all");
            part.complete();
        }
        assertThat(folder.resolve("some/folders")).isDirectory();
        assertThat(folder.resolve("last")).hasContent("of all");
        assertThat(folder.toFile().list()).hasSize(2);
        assertThat(Files.readAttributes(folder, BasicFileAttributes.class).fileKey()).isEqualTo(key);
    }

    @Test
    void isDeletedWhenTheProcessEndsAndCannotBeCompletedAfterwards() throws IOException {
        Path file = Files.writeString(temporary.resolve("file"), "old");
        try (UnfinishedPath part = UnfinishedPath.beside(file)) {
            Files.writeString(part.path(), "new");
            part.deleteAtShutdown();
            assertThat(part.path()).doesNotExist();
            assertThatThrownBy(part::complete).isInstanceOf(IOException.class)
                    .hasMessageContaining("the process is ending");
        }
        assertThat(file).hasContent("old");
    }

    @Test
    void reportsALastStepThatTheEndOfTheProcessInterrupts() throws Exception {
        List<String> reports = new ArrayList<>();
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch released = new CountDownLatch(1);
        try (UnfinishedPath part = UnfinishedPath.in(temporary, temporary.resolve("file"), reports::add)) {
            Files.writeString(part.path(), "new");
            CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> {
                try {
                    part.complete(() -> {
                        begun.countDown();
                        await(released);
                    });
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            await(begun);
            part.deleteAtShutdown();
            released.countDown();
            writer.get(1, TimeUnit.MINUTES);
            assertThat(reports).singleElement().asString()
                    .endsWith("the process ends before it is written; what was written is kept in "
                            + part.path());
            assertThat(part.path()).hasContent("new");
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(1, TimeUnit.MINUTES)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void makesNoLongerNameThanItsTargetMayHave() throws IOException {
        Path file = temporary.resolve("\ud83d\ude00".repeat(60));
        try (UnfinishedPath part = UnfinishedPath.beside(file)) {
            Files.writeString(part.path(), "new");
            part.complete();
        }
        assertThat(file).hasContent("new");
    }

    @Test
    void keepsWhatIsCompleteWhereItsPlaceWasTakenMeanwhile() throws IOException {
        Path folder = Files.createDirectory(temporary.resolve("folder"));
        Path kept;
        try (UnfinishedPath part = UnfinishedPath.inside(folder, "last")) {
            kept = part.path();
            Files.createDirectories(part.path().resolve("some/folders"));
            Files.writeString(folder.resolve("mine"), "mine");
            assertThatExceptionOfType(FileSystemException.class).isThrownBy(part::complete)
                    .extracting(Messages::reason)
                    .isEqualTo("the folder is not empty; what was written is kept in " + kept);
        }
        assertThat(folder.resolve("mine")).hasContent("mine");
        assertThat(kept.resolve("some/folders")).isDirectory();
        Path file = temporary.resolve("file");
        try (UnfinishedPath part = UnfinishedPath.beside(file)) {
            kept = Files.writeString(part.path(), "new");
            Files.createDirectory(file);
            assertThatExceptionOfType(FileSystemException.class).isThrownBy(part::complete)
                    .extracting(Messages::reason).asString()
                    .endsWith("; what was written is kept in " + kept);
        }
        assertThat(kept).hasContent("new");
    }

    @Test
    void keepsWhatIsCompleteIfTheCallersLastStepFails() throws IOException {
        Path target = temporary.resolve("target");
        Path kept;
        try (UnfinishedPath part = UnfinishedPath.in(temporary, target, message -> {
            throw new AssertionError(message);
        })) {
            kept = Files.writeString(part.path(), "new");
            assertThatExceptionOfType(IOException.class).isThrownBy(() -> part.complete(() -> {
                throw new IOException("no room");
            })).withMessage("no room");
        }
        assertThat(kept).hasContent("new");
        assertThat(kept.getFileName().toString()).startsWith(".target.").endsWith(".part");
        assertThat(target).doesNotExist();
    }

    /** What has the part's own name cannot move to where the part is. */
    @Test
    void saysWhatIsWhereWhenOneOfSeveralCannotBeMoved() throws IOException {
        Path folder = Files.createDirectory(temporary.resolve("folder"));
        try (UnfinishedPath part = UnfinishedPath.inside(folder, "a-last")) {
            Path kept = Files.createDirectory(part.path());
            // Names with a sign are moved before the hidden one, z would be moved after it.
            for (String name : List.of("a-last", "-b", "+a", "z")) {
                Files.writeString(kept.resolve(name), name);
            }
            String blocked = kept.getFileName().toString();
            Files.writeString(kept.resolve(blocked), "in the way of itself");
            assertThatExceptionOfType(FileSystemException.class).isThrownBy(part::complete)
                    .extracting(Messages::reason).asString()
                    .startsWith(blocked + " cannot be moved there: ")
                    .endsWith("; in the folder already: +a, -b; the rest is kept in " + kept);
            assertThat(folder.resolve("+a")).hasContent("+a");
            assertThat(folder.resolve("-b")).hasContent("-b");
            assertThat(kept.resolve("z")).hasContent("z");
            assertThat(kept.resolve("a-last")).hasContent("a-last");
        }
        assertThat(folder.toFile().list()).hasSize(3);
    }

    @Test
    void refusesAFoldersPlaceForAFile() {
        assertThatExceptionOfType(FileSystemException.class)
                .isThrownBy(() -> UnfinishedPath.beside(temporary)).extracting(Messages::reason)
                .isEqualTo("it is a folder");
    }

    @Test
    void deletesWhatIsNotComplete() throws IOException {
        Path folder = Files.createDirectory(temporary.resolve("folder"));
        try (UnfinishedPath part = UnfinishedPath.inside(folder, "last")) {
            Files.createDirectories(part.path().resolve("some/folders"));
        }
        assertThat(folder).isEmptyDirectory();
        UnfinishedPath.requireWritable(folder);
        assertThat(folder).isEmptyDirectory();
        assertThatExceptionOfType(NoSuchFileException.class)
                .isThrownBy(() -> UnfinishedPath.requireWritable(folder.resolve("missing")));
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
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
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
