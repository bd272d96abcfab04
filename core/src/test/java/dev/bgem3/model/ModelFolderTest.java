package dev.bgem3.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.Fixtures;
import org.junit.jupiter.api.Test;

class ModelFolderTest {
    @Test
    void describesEachLayout() {
        try (ModelFolder tiny = ModelFolder.open(Fixtures.TINY)) {
            assertThat(tiny.fileNames()).containsExactly("pytorch_model.bin", "sparse_linear.pt",
                    "colbert_linear.pt");
            assertThat(tiny.weightDtype()).isEqualTo("fp32");
            assertThat(tiny.sentenceTransformers().pooling()).isEmpty();
            // The number of elements of all stored tensors.
            long elements = tiny.encoderTensors().values().stream().mapToLong(tensor -> tensor.elementCount())
                    .sum()
                    + tiny.headTensors().values().stream().mapToLong(tensor -> tensor.elementCount()).sum();
            assertThat(tiny.parameterCount()).isEqualTo(elements);
        }
        try (ModelFolder sharded = ModelFolder.open(Fixtures.TINY_LAYOUTS.get(2))) {
            assertThat(sharded.fileNames()).first().isEqualTo("model.safetensors.index.json");
            assertThat(sharded.weightDtype()).isEqualTo("fp16");
        }
    }

    @Test
    void closesTwice() {
        ModelFolder model = ModelFolder.open(Fixtures.TINY);
        model.close();
        model.close();
    }
}
