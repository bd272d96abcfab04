package dev.bgem3.app.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PartFileTest {
    @TempDir
    private Path folder;

    private PartFile open() {
        return PartFile.open(folder.resolve("x.bgem3.incomplete"), 100, Optional.empty());
    }

    @Test
    void remembersWhichBytesArePresent() {
        try (PartFile part = open()) {
            assertThat(part.write(ByteBuffer.wrap(new byte[10]), 50)).isEqualTo(10);
            assertThat(part.write(ByteBuffer.wrap(new byte[10]), 55)).isEqualTo(5);
            assertThat(part.isResumed()).isFalse();
        }
        assertThat(folder.resolve("x.bgem3.ranges")).hasContent("50-65\n");
        assertThat(PartFile.present(folder.resolve("x.bgem3.incomplete"), 100)).isEqualTo(15);
        try (PartFile part = open()) {
            assertThat(part.isResumed()).isTrue();
            assertThat(part.ranges().size()).isEqualTo(15);
            part.reset();
            assertThat(part.ranges().size()).isZero();
        }
        assertThat(folder.resolve("x.bgem3.ranges")).doesNotExist();
    }

    @Test
    void savesTheRangesWhenAsked() {
        try (PartFile part = open()) {
            part.save();
            assertThat(folder.resolve("x.bgem3.ranges")).doesNotExist();
            part.write(ByteBuffer.wrap(new byte[10]), 0);
            part.save();
            assertThat(folder.resolve("x.bgem3.ranges")).hasContent("0-10\n");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "nonsense", "0-", "0-11\n", "0-101\n", "-1-5\n", "99999999999999999999-1\n"})
    void discardsInvalidRanges(String ranges) throws IOException {
        Files.write(folder.resolve("x.bgem3.incomplete"), new byte[10]);
        Files.writeString(folder.resolve("x.bgem3.ranges"), ranges);
        try (PartFile part = open()) {
            assertThat(part.ranges().size()).isZero();
        }
        assertThat(folder.resolve("x.bgem3.incomplete")).isEmptyFile();
    }
}
