package dev.bgem3.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.error.ModelException;
import dev.bgem3.testsupport.Mutator;
import dev.bgem3.weights.StoredTensor;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class SafetensorsFuzzTest {
    private static final String HEADER = "{\"__metadata__\":{\"format\":\"pt\"},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
            + "\"b\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[24,32]},"
            + "\"c\":{\"dtype\":\"I64\",\"shape\":[0],\"data_offsets\":[32,32]}}";

    private static final Path PATH = Path.of("w.safetensors");

    @Test
    void readsMutatedFilesOrThrowsItsOwnException() {
        int[] opened = new int[1];
        Mutator.fuzz("safetensors files", 50_000, List.of(SafetensorsReaderTest.file(HEADER, 32)),
                input -> opened[0] += open(input) ? 1 : 0);
        assertThat(opened[0]).as("mutations that are still safetensors").isPositive();
    }

    /** Corrects the length before a mutated header, so that the input reaches more of the checks. */
    @Test
    void readsMutatedHeadersOrThrowsItsOwnException() {
        int[] opened = new int[1];
        Mutator.fuzz("safetensors headers", 50_000, List.of(HEADER.getBytes(StandardCharsets.UTF_8)),
                input -> opened[0] += open(SafetensorsReaderTest.file(input, 32)) ? 1 : 0);
        assertThat(opened[0]).as("mutations that are still safetensors").isPositive();
    }

    private static boolean open(byte[] bytes) {
        try {
            for (StoredTensor tensor : new SafetensorsReader(PATH, MemorySegment.ofArray(bytes)).read()
                    .values()) {
                if (tensor.dtype().readableAsFloat()) {
                    assertThat(tensor.toFloats()).hasSize((int) tensor.elementCount());
                }
            }
            return true;
        } catch (ModelException e) {
            assertThat(e).hasMessageStartingWith("w.safetensors: ");
            return false;
        }
    }
}
