package dev.bgem3.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bgem3.error.ModelException;
import dev.bgem3.safetensors.SafetensorsWriter.Source;
import dev.bgem3.weights.DType;
import dev.bgem3.weights.StoredTensor;
import dev.bgem3.weights.TensorFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShardedTensorsTest {
    @TempDir
    Path folder;

    @BeforeEach
    void writeShards() {
        SafetensorsFiles.write(folder.resolve("1.safetensors"), List.of(one("a", 1), one("unlisted", 2)));
        SafetensorsFiles.write(folder.resolve("2.safetensors"), List.of(one("b", 3)));
    }

    private static Source one(String name, float value) {
        return new Source(name, DType.F32, new long[]{1}, sink -> sink.floats(new float[]{value}, 0, 1));
    }

    private Path index(String json) throws IOException {
        return Files.writeString(folder.resolve("model.safetensors.index.json"), json);
    }

    private void refuses(String json, String message) throws IOException {
        Path index = index(json);
        assertThatThrownBy(() -> ShardedTensors.open(index)).isInstanceOf(ModelException.class)
                .hasMessage(index + ": " + message);
    }

    @Test
    void joinsTheShardsInTheOrderOfTheIndex() throws IOException {
        Path index = index(
                "{\"metadata\":{},\"weight_map\":{\"b\":\"2.safetensors\",\"a\":\"1.safetensors\"}}");
        StoredTensor tensor;
        try (TensorFile file = ShardedTensors.open(index)) {
            assertThat(file.path()).isEqualTo(index);
            assertThat(file.tensors().keySet()).containsExactly("b", "a");
            tensor = file.tensors().get("a");
            assertThat(tensor.file()).isEqualTo(folder.resolve("1.safetensors"));
            assertThat(tensor.toFloats()).containsExactly(1);
            assertThat(file.tensors().get("b").toFloats()).containsExactly(3);
        }
        assertThatThrownBy(tensor::toFloats).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void refusesAMissingShard() throws IOException {
        Path index = index("{\"weight_map\":{\"a\":\"1.safetensors\",\"b\":\"3.safetensors\"}}");
        assertThatThrownBy(() -> ShardedTensors.open(index)).isInstanceOf(ModelException.class)
                .hasMessage(folder.resolve("3.safetensors") + ": no such file");
    }

    @Test
    void refusesATensorThatItsShardDoesNotContain() throws IOException {
        Path index = index("{\"weight_map\":{\"b\":\"1.safetensors\"}}");
        assertThatThrownBy(() -> ShardedTensors.open(index)).isInstanceOf(ModelException.class)
                .hasMessage(folder.resolve("1.safetensors")
                        + ": found no tensor \"b\" (expected: it, by the weight_map"
                        + " of model.safetensors.index.json)");
    }

    @Test
    void refusesShardsOutsideTheFolder() throws IOException {
        for (String name : List.of("../1.safetensors", "/etc/passwd", "x/1.safetensors", "..", ".", "",
                "..\\\\1.safetensors")) {
            refuses("{\"weight_map\":{\"a\":\"" + name + "\"}}",
                    "tensor \"a\": weight_map: found the string \"" + name
                            + "\" (expected: the plain name of a file beside the index)");
        }
        refuses("{\"weight_map\":{\"a\":\"x\\u0000y\"}}",
                "tensor \"a\": weight_map: found the string \"x\\u0000y\""
                        + " (expected: a file name of this system)");
    }

    @Test
    void refusesAnInvalidIndex() throws IOException {
        refuses("", "the file is empty");
        refuses("{", "line 1, column 2: found the end of the text (expected: a key or '}')");
        refuses("[]", "found no JSON object (expected: one with a weight_map)");
        refuses("{}", "found no \"weight_map\" (expected: one from tensor to shard)");
        refuses("{\"weight_map\":[]}", "\"weight_map\": found an array (expected: an object)");
        refuses("{\"weight_map\":{\"a\":1}}",
                "tensor \"a\": weight_map: found 1 (expected: the plain name of a file beside the index)");
        Path missing = folder.resolve("no.index.json");
        assertThatThrownBy(() -> ShardedTensors.open(missing)).isInstanceOf(ModelException.class)
                .hasMessage(missing + ": no such file");
    }
}
