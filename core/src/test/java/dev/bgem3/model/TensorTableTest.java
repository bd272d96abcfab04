package dev.bgem3.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bgem3.Fixtures;
import dev.bgem3.torch.TorchReader;
import dev.bgem3.weights.TensorFile;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class TensorTableTest {
    /** {@code transformers} wrote the file; its tensors outside the encoder are not read. */
    @Test
    void hasTheNamesAndShapesThatTransformersWrites() {
        ModelConfig config = ModelConfig.read(Fixtures.TINY);
        List<String> written = new ArrayList<>();
        try (TensorFile file = TorchReader.open(Fixtures.TINY.resolve(WeightFormat.TORCH.fileName()))) {
            file.tensors().forEach((name, tensor) -> {
                if (!name.startsWith("pooler.") && !name.endsWith(".position_ids")) {
                    written.add(name + " " + Arrays.toString(tensor.shape()));
                }
            });
        }
        assertThat(config.family().tensors(config).tensors()
                .map(tensor -> tensor.name() + " " + Arrays.toString(tensor.shape())))
                .containsExactlyInAnyOrderElementsOf(written);
    }

    @Test
    void findsARowByRoleAndLayer() {
        TensorTable table = new TensorTable.Builder("layers.").norm(TensorRole.EMBEDDING_NORM, "norm", 4)
                .layer(0).linear(TensorRole.OUTPUT, "out", 4, 8)
                .layer(1).linear(TensorRole.OUTPUT, "out", 4, 8).build();
        assertThat(table.row(TensorRole.OUTPUT, 1).name()).isEqualTo("layers.1.out");
        assertThat(table.row(TensorRole.EMBEDDING_NORM).tensors().stream().map(TensorTable.TensorSpec::name))
                .containsExactly("norm.weight", "norm.bias");
        assertThat(table.elementCount()).isEqualTo(2 * 4 + 2 * (4 * 8 + 4));
        assertThat(table.without(TensorRole.Part.EMBEDDINGS).elementCount()).isEqualTo(2 * (4 * 8 + 4));
        assertThatThrownBy(() -> table.row(TensorRole.OUTPUT, 2)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("OUTPUT of layer 2: not in the table");
    }
}
