package dev.bgem3.safetensors;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.safetensors.SafetensorsWriter.Source;
import dev.bgem3.testsupport.Seeds;
import dev.bgem3.weights.DType;
import dev.bgem3.weights.StoredTensor;
import dev.bgem3.weights.TensorFile;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsPropertyTest {
    @TempDir
    Path folder;

    @Test
    void writtenFilesReadBackEqual() {
        long seed = Seeds.seed("safetensors round trip");
        Random random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            roundTrip(random, "-Dbgem3.seed=" + seed + ", round " + round);
        }
    }

    private void roundTrip(Random random, String message) {
        Map<String, Source> written = new LinkedHashMap<>();
        Map<String, byte[]> contents = new LinkedHashMap<>();
        for (int i = random.nextInt(6); i > 0; i--) {
            String name = "tensor " + i + "\n\"é😀" + random.nextInt();
            DType dtype = DType.values()[random.nextInt(DType.values().length)];
            long[] shape = new long[random.nextInt(4)];
            long elementCount = 1;
            for (int dimension = 0; dimension < shape.length; dimension++) {
                // Four elements of a packed type fill whole bytes.
                shape[dimension] = dtype.sizeBits() < 8 ? 4 * random.nextInt(3) : random.nextInt(6);
                elementCount *= shape[dimension];
            }
            if (shape.length == 0 && dtype.sizeBits() < 8) {
                continue;
            }
            byte[] content = new byte[(int) dtype.sizeBytes(elementCount)];
            random.nextBytes(content);
            contents.put(name, content);
            written.put(name,
                    new Source(name, dtype, shape, sink -> sink.bytes(MemorySegment.ofArray(content))));
        }
        Path path = folder.resolve("w.safetensors");
        SafetensorsFiles.write(path, written.values());
        try (TensorFile file = SafetensorsReader.open(path)) {
            assertThat(file.tensors().keySet()).as(message)
                    .containsExactlyInAnyOrderElementsOf(written.keySet());
            for (StoredTensor tensor : file.tensors().values()) {
                Source source = written.get(tensor.name());
                assertThat(tensor.dtype()).as(message).isEqualTo(source.dtype());
                assertThat(tensor.shape()).as(message).isEqualTo(source.shape());
                assertThat(tensor.data().toArray(JAVA_BYTE)).as(message)
                        .isEqualTo(contents.get(tensor.name()));
                assertThat(tensor.data().address() % Math.max(1, tensor.dtype().sizeBits() / 8))
                        .as(message + ": alignment of " + tensor).isZero();
            }
        }
    }
}
