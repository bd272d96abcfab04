package dev.bgem3.torch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.error.ModelException;
import dev.bgem3.testsupport.Mutator;
import dev.bgem3.weights.StoredTensor;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class TorchFuzzTest {
    private static final byte[] STORAGE = TorchReaderTest.floats(1, 2, 3, 4, 5, 6);

    private static final byte[] PROTOCOL_2 = new PickleMaker().proto().orderedDict().raw('q', 0, '(')
            .text("a")
            .tensor("FloatStorage", "0", 6, 1, new long[]{2, 2}, new long[]{1, 3}).text("b").raw('q', 1)
            .tensor("HalfStorage", "0", 12, 0, new long[]{12}, new long[]{1}).raw('u', '}').text("_metadata")
            .orderedDict().raw('s', 'b', '.').bytes();
    private static final byte[] PROTOCOL_4 = new PickleMaker()
            .raw(0x80, 4, 0x95, 90, 0, 0, 0, 0, 0, 0, 0, '}', 0x94)
            .raw(0x8c, 1, 'w', 0x94).raw(0x8c, 12).raw("torch._utils".chars().toArray()).raw(0x94)
            .raw(0x8c, 18)
            .raw("_rebuild_tensor_v2".chars().toArray()).raw(0x94, 0x93, '(').storage("FloatStorage", "0", 6)
            .raw('K', 0, 'K', 2, 'K', 3, 0x86, 'K', 3, 'K', 1, 0x86, 0x89, '}', 't', 'R', 's', '.').bytes();

    private static final Path PATH = Path.of("w.pt");

    @Test
    void readsMutatedPicklesOrThrowsItsOwnException() {
        int[] opened = new int[1];
        Mutator.fuzz("pickles", 50_000, List.of(PROTOCOL_2, PROTOCOL_4),
                input -> opened[0] += open(zip(input).toBytes()) ? 1 : 0);
        assertThat(opened[0]).as("mutations that are still state dicts").isPositive();
    }

    @Test
    void readsMutatedZipsOrThrowsItsOwnException() {
        int[] opened = new int[1];
        Mutator.fuzz("zips", 50_000, List.of(zip(PROTOCOL_2).toBytes(), zip(PROTOCOL_4).toBytes()),
                input -> opened[0] += open(input) ? 1 : 0);
        assertThat(opened[0]).as("mutations that are still state dicts").isPositive();
    }

    private static ZipMaker zip(byte[] pickle) {
        return new ZipMaker().add("m/data.pkl", pickle)
                .add("m/byteorder", "little".getBytes(StandardCharsets.US_ASCII)).add("m/data/0", STORAGE);
    }

    private static boolean open(byte[] bytes) {
        try {
            for (StoredTensor tensor : new TorchReader(PATH, MemorySegment.ofArray(bytes)).read().values()) {
                if (tensor.dtype().readableAsFloat()) {
                    assertThat(tensor.toFloats()).hasSize((int) tensor.elementCount());
                }
            }
            return true;
        } catch (ModelException e) {
            assertThat(e).hasMessageStartingWith("w.pt: ");
            return false;
        }
    }
}
