package dev.bgem3.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.error.ModelException;
import dev.bgem3.weights.Mutator;
import dev.bgem3.weights.StoredTensor;
import dev.bgem3.weights.TensorFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsFuzzTest {
    private static final String HEADER = "{\"__metadata__\":{\"format\":\"pt\"},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
            + "\"b\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[24,32]},"
            + "\"c\":{\"dtype\":\"I64\",\"shape\":[0],\"data_offsets\":[32,32]}}";

    @TempDir
    Path folder;

    @Test
    void readsMutatedFilesOrThrowsItsOwnException() {
        fuzz("safetensors files", 5_000, SafetensorsReaderTest.file(HEADER, 32), false);
    }

    @Test
    void readsMutatedHeadersOrThrowsItsOwnException() {
        byte[] header = Arrays.copyOfRange(SafetensorsReaderTest.file(HEADER, 0), 8, 8 + HEADER.length());
        fuzz("safetensors headers", 20_000, header, true);
    }

    /** Where only headers are mutated the length before them is made right, so that more of the checks are reached. */
    private void fuzz(String what, int inputs, byte[] seed, boolean headersOnly) {
        Path path = folder.resolve("model.safetensors");
        int[] opened = new int[1];
        Mutator.fuzz(what, inputs, List.of(seed), input -> {
            byte[] bytes = headersOnly
                    ? SafetensorsReaderTest.file(new String(input, java.nio.charset.StandardCharsets.UTF_8),
                            32)
                    : input;
            write(path, bytes);
            try (TensorFile file = SafetensorsReader.open(path)) {
                for (StoredTensor tensor : file.tensors().values()) {
                    if (tensor.dtype().readableAsFloat()) {
                        assertThat(tensor.toFloats()).hasSize((int) tensor.elementCount());
                    }
                }
                opened[0]++;
            } catch (ModelException e) {
                assertThat(e).hasMessageStartingWith(path + ": ");
            }
        });
        assertThat(opened[0]).as("mutations that stay safetensors").isPositive();
    }

    private static void write(Path path, byte[] bytes) {
        try {
            Files.write(path, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
