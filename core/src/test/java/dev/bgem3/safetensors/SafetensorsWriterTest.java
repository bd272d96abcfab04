package dev.bgem3.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bgem3.error.ModelException;
import dev.bgem3.safetensors.SafetensorsWriter.Content;
import dev.bgem3.safetensors.SafetensorsWriter.Source;
import dev.bgem3.weights.DType;
import dev.bgem3.weights.StoredTensor;
import dev.bgem3.weights.TensorFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {
    @TempDir
    Path folder;

    private static Content floats(float... values) {
        return sink -> sink.floats(values, 0, values.length);
    }

    private static Source source(String name, DType dtype, long[] shape, Content content) {
        return new Source(name, dtype, shape, content);
    }

    private List<String> filesInFolder() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    @Test
    void writesTheBytesThatTheFormatRequires() throws IOException {
        Path path = folder.resolve("w.safetensors");
        SafetensorsFiles.write(path, List.of(source("h", DType.F16, new long[]{1, 2}, floats(1, -2))));
        String header = "{\"__metadata__\":{\"format\":\"pt\"},"
                + "\"h\":{\"dtype\":\"F16\",\"shape\":[1,2],\"data_offsets\":[0,4]}} ";
        String expected = "\u0058\0\0\0\0\0\0\0" + header + "\u0000\u003c\u0000\u00c0";
        assertThat(header).hasSize(0x58);
        assertThat(Files.readString(path, StandardCharsets.ISO_8859_1)).isEqualTo(expected);
    }

    @Test
    void writesTheWidestTypesFirstAndOtherwiseKeepsTheOrder() throws IOException {
        Path path = folder.resolve("w.safetensors");
        Content one = sink -> sink.bytes(MemorySegment.ofArray(new byte[]{1}));
        SafetensorsFiles.write(path, List.of(source("a", DType.I8, new long[]{1}, one),
                source("b", DType.F32, new long[0], floats(2)), source("c", DType.I8, new long[]{1}, one),
                source("d", DType.F32, new long[]{1}, floats(3))));
        try (TensorFile file = SafetensorsReader.open(path)) {
            assertThat(file.tensors().keySet()).containsExactly("b", "d", "a", "c");
            assertThat(file.tensors().get("b").toFloats()).containsExactly(2);
            assertThat(file.tensors().get("d").toFloats()).containsExactly(3);
        }
    }

    @Test
    void roundsToNearestEven() throws IOException {
        float[] values = {1 + 0x1p-11f, 1 + 0x3p-11f, 65519, 65520, 0x1p-25f, Float.NaN, -0f, 1 + 0x1p-8f,
                1 + 0x3p-8f, Float.MAX_VALUE, Float.NEGATIVE_INFINITY, Float.intBitsToFloat(0x7f800001)};
        Path path = folder.resolve("w.safetensors");
        SafetensorsFiles.write(path,
                List.of(source("h", DType.F16, new long[]{values.length}, floats(values)),
                        source("b", DType.BF16, new long[]{values.length}, floats(values))));
        float infinity = Float.POSITIVE_INFINITY;
        try (TensorFile file = SafetensorsReader.open(path)) {
            assertThat(file.tensors().get("h").toFloats()).containsExactly(1, 1 + 0x1p-9f, 65504, infinity, 0,
                    Float.NaN, -0f, 1 + 0x1p-8f, 1 + 0x3p-8f, infinity, -infinity, Float.NaN);
            assertThat(file.tensors().get("b").toFloats()).containsExactly(1, 1, 65536, 65536, 0x1p-25f,
                    Float.NaN,
                    -0f, 1, 1 + 0x1p-6f, infinity, -infinity, Float.NaN);
        }
    }

    @Test
    void copiesATensorThatIsLargerThanItsBuffer() throws IOException {
        float[] values = new float[3_000_001];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        Path first = folder.resolve("first.safetensors");
        Path second = folder.resolve("second.safetensors");
        SafetensorsFiles.write(first, List.of(source("w", DType.F32, new long[]{values.length}, sink -> {
            sink.floats(values, 0, 7);
            sink.floats(values, 7, values.length - 7);
        })));
        try (TensorFile file = SafetensorsReader.open(first)) {
            StoredTensor tensor = file.tensors().get("w");
            assertThat(tensor.toFloats()).isEqualTo(values);
            SafetensorsFiles.write(second,
                    List.of(source("w", DType.F32, tensor.shape(), sink -> sink.bytes(tensor.data()))));
        }
        assertThat(Files.mismatch(first, second)).isEqualTo(-1);
    }

    @Test
    void keepsTheOldFileIfTheContentFails() throws IOException {
        Path path = Files.writeString(folder.resolve("w.safetensors"), "before");
        assertThatThrownBy(() -> SafetensorsFiles.write(path,
                List.of(source("w", DType.F32, new long[]{2}, sink -> {
                    throw new ModelException("the source is gone");
                })))).isInstanceOf(ModelException.class).hasMessage("the source is gone");
        assertThat(filesInFolder()).containsExactly("w.safetensors");
        assertThat(path).hasContent("before");
    }

    @Test
    void refusesContentThatDoesNotMatchItsShape() throws IOException {
        Path path = folder.resolve("w.safetensors");
        assertThatThrownBy(
                () -> SafetensorsFiles.write(path,
                        List.of(source("w", DType.F16, new long[]{2}, floats(1)))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("w: content 2 bytes short of its shape");
        assertThatThrownBy(
                () -> SafetensorsFiles.write(path,
                        List.of(source("w", DType.F16, new long[]{1}, floats(1, 2)))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("w: content of 4 more bytes (expected: 2, by its shape)");
        assertThatThrownBy(
                () -> SafetensorsFiles.write(path, List.of(source("w", DType.I8, new long[]{1}, floats(1)))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("w: floats for I8 (expected: F32, F16 or BF16)");
        assertThat(filesInFolder()).isEmpty();
    }

    @Test
    void refusesNamesAndShapesThatTheFormatDoesNotAllow() {
        Path path = folder.resolve("w.safetensors");
        assertThatThrownBy(() -> source("__metadata__", DType.F32, new long[0], floats(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("name: \"__metadata__\" (expected: a tensor's name)");
        assertThatThrownBy(() -> source("", DType.F32, new long[0], floats(1)))
                .isInstanceOf(IllegalArgumentException.class);
        Source source = source("w", DType.F32, new long[0], floats(1));
        assertThatThrownBy(() -> SafetensorsFiles.write(path, List.of(source, source)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("tensors: \"w\" again (expected: each name once)");
        assertThatThrownBy(() -> SafetensorsFiles.write(path,
                List.of(source("w", DType.F32, new long[]{-1}, floats()))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("w: shape: [-1] (expected: no negative size)");
    }

    @Test
    void namesTheFileThatCannotBeWritten() throws IOException {
        Path nowhere = folder.resolve("no/w.safetensors");
        assertThatThrownBy(() -> SafetensorsFiles.write(nowhere, List.of()))
                .isInstanceOf(ModelException.class)
                .hasMessage(nowhere + ": cannot be written: no such file or folder");
        Path directory = Files.createDirectory(folder.resolve("directory"));
        assertThatThrownBy(() -> SafetensorsFiles.write(directory, List.of()))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(directory + ": cannot be written: ");
        assertThat(filesInFolder()).containsExactly("directory");
    }
}
