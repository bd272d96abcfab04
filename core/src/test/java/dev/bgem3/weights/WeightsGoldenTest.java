package dev.bgem3.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import dev.bgem3.safetensors.SafetensorsReader;
import dev.bgem3.safetensors.ShardedTensors;
import dev.bgem3.torch.TorchReader;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads one model in three layouts, written by PyTorch and by Hugging Face's safetensors. */
class WeightsGoldenTest {
    private static final Path FIXTURES = Path.of(System.getProperty("bgem3.root")).resolve("src/fixtures");

    private static void assertSame(TensorFile found, TensorFile expected) {
        assertThat(found.tensors().keySet()).isEqualTo(expected.tensors().keySet()).hasSize(55);
        expected.tensors().forEach((name, tensor) -> {
            StoredTensor other = found.tensors().get(name);
            assertThat(other.shape()).as(name).isEqualTo(tensor.shape());
            assertThat(other.toFloats()).as(name).isEqualTo(tensor.toFloats());
        });
    }

    @Test
    void threeLayoutsOfOneModelGiveTheSameNumbers() {
        try (TensorFile torch = TorchReader.open(FIXTURES.resolve("tiny-m3/pytorch_model.bin"));
                TensorFile single = SafetensorsReader
                        .open(FIXTURES.resolve("tiny-m3-safetensors/model.safetensors"));
                TensorFile sharded = ShardedTensors
                        .open(FIXTURES.resolve("tiny-m3-sharded/model.safetensors.index.json"))) {
            assertSame(single, torch);
            assertSame(sharded, torch);
            StoredTensor words = torch.tensors().get("embeddings.word_embeddings.weight");
            assertThat(words.dtype()).isEqualTo(DType.F32);
            assertThat(single.tensors().get(words.name()).dtype()).isEqualTo(DType.F16);
            float[] row = new float[128];
            words.readRow(7, row, 0);
            // NumPy computed these from the same file.
            assertThat(row).startsWith(1.0908203125f, 0.04290771484375f, -0.2003173828125f, 0.57080078125f,
                    0.47412109375f);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"src/fixtures/tiny-m3", "src/fixtures/tiny-m3-safetensors",
            "src/fixtures/tiny-m3-sharded",
            "models/bge-m3-mini"})
    void readsTheHeadsOfEveryModel(String model) {
        Path folder = Path.of(System.getProperty("bgem3.root")).resolve(model);
        int hidden = model.contains("tiny") ? 128 : 256;
        try (TensorFile colbert = TorchReader.open(folder.resolve("colbert_linear.pt"));
                TensorFile sparse = TorchReader.open(folder.resolve("sparse_linear.pt"))) {
            assertThat(shapes(colbert)).containsOnly(entry("weight", "F16 [" + hidden + ", " + hidden + "]"),
                    entry("bias", "F16 [" + hidden + "]"));
            assertThat(shapes(sparse)).containsOnly(entry("weight", "F16 [1, " + hidden + "]"),
                    entry("bias", "F16 [1]"));
            assertThat(colbert.tensors().get("weight").toFloats()).hasSize(hidden * hidden);
        }
    }

    private static Map<String, String> shapes(TensorFile file) {
        return file.tensors().values().stream().collect(Collectors.toMap(StoredTensor::name,
                tensor -> tensor.dtype() + " " + java.util.Arrays.toString(tensor.shape())));
    }
}
