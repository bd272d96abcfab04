package dev.bgem3.app.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests complete results whose target was taken or lost meanwhile. */
class ResultFileTest {
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Streams streams = new Streams(new ByteArrayInputStream(new byte[0]),
            new ByteArrayOutputStream(), new PrintStream(err, true, StandardCharsets.UTF_8),
            Optional.empty());

    @TempDir
    private Path folder;

    @Test
    void keepsTheResultsIfAFolderTookTheirName() throws Exception {
        Path target = folder.resolve("out");
        Path part;
        try (ResultFile file = ResultFile.open(target.toString(), streams)) {
            file.stream().write("results\n".getBytes(StandardCharsets.UTF_8));
            part = part();
            Files.createDirectory(target);
            assertThatExceptionOfType(StreamException.class).isThrownBy(file::complete)
                    .withMessage(target + ": cannot be written: Is a directory; the results are kept in "
                            + part);
        }
        assertThat(part).hasContent("results\n");
    }

    @Test
    void replacesAFileCreatedMeanwhile() throws Exception {
        Path target = folder.resolve("out");
        try (ResultFile file = ResultFile.open(target.toString(), streams)) {
            file.stream().write("results\n".getBytes(StandardCharsets.UTF_8));
            Files.writeString(target, "another's");
            file.complete();
        }
        assertThat(target).hasContent("results\n");
        assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
    }

    @Test
    void deletesIncompleteResults() throws Exception {
        for (Path target : List.of(folder.resolve("new"), Files.createFile(folder.resolve("old")))) {
            try (ResultFile file = ResultFile.open(target.toString(), streams)) {
                file.stream().write(new byte[1 << 20]);
                assertThat(part()).isNotEmptyFile();
            }
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactly(folder.resolve("old"));
        }
        assertThat(folder.resolve("old")).isEmptyFile();
    }

    @Test
    void deletesThePartIfItsPreparationFails() throws Exception {
        Path target = Files.createFile(folder.resolve("old"));
        Files.createLink(folder.resolve("other"), target);
        PrintStream broken = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8) {
            @Override
            public void print(String text) {
                throw new IllegalArgumentException("refused");
            }
        };
        Streams failing = new Streams(streams.in(), streams.out(), broken, Optional.empty());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ResultFile.open(target.toString(), failing).close())
                .withMessage("refused");
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactlyInAnyOrder(target, folder.resolve("other"));
        }
    }

    private Path part() throws Exception {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".part")).findFirst().orElseThrow();
        }
    }
}
