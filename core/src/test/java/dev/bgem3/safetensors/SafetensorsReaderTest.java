package dev.bgem3.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bgem3.error.ModelException;
import dev.bgem3.weights.DType;
import dev.bgem3.weights.StoredTensor;
import dev.bgem3.weights.TensorFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsReaderTest {
    @TempDir
    Path folder;

    /** Returns the length, the header and {@code dataBytes} bytes that count up from 0. */
    static byte[] file(String header, int dataBytes) {
        return file(header.getBytes(StandardCharsets.UTF_8), dataBytes);
    }

    static byte[] file(byte[] json, int dataBytes) {
        ByteBuffer buffer = ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length).put(json);
        for (int i = 0; i < dataBytes; i++) {
            buffer.put((byte) i);
        }
        return buffer.array();
    }

    private Path write(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("model.safetensors"), bytes);
    }

    private void refuses(byte[] bytes, String message) throws IOException {
        Path path = write(bytes);
        assertThatThrownBy(() -> SafetensorsReader.open(path)).isInstanceOf(ModelException.class)
                .hasMessage(path + ": " + message);
    }

    @Test
    void readsTensorsInTheOrderOfTheirData() throws IOException {
        Path path = write(file("""
                {"__metadata__": {"format": "pt"},
                 "b": {"dtype": "I8", "shape": [2], "data_offsets": [4, 6]},
                 "a": {"dtype": "F32", "shape": [1, 1], "data_offsets": [0, 4]},
                 "empty": {"dtype": "F16", "shape": [0, 7], "data_offsets": [4, 4]}}\s\s\s""", 6));
        try (TensorFile file = SafetensorsReader.open(path)) {
            assertThat(file.path()).isEqualTo(path);
            assertThat(file.tensors().keySet()).containsExactly("a", "empty", "b");
            StoredTensor a = file.tensors().get("a");
            assertThat(a.dtype()).isEqualTo(DType.F32);
            assertThat(a.shape()).containsExactly(1, 1);
            assertThat(a.toFloats()).containsExactly(Float.intBitsToFloat(0x03020100));
            assertThat(a.data().isReadOnly()).isTrue();
            assertThat(file.tensors().get("b").data().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE))
                    .containsExactly(4, 5);
            assertThat(file.tensors().get("empty").toFloats()).isEmpty();
        }
    }

    @Test
    void readsAFileWithoutTensors() throws IOException {
        try (TensorFile file = SafetensorsReader.open(write(file("{}", 0)))) {
            assertThat(file.tensors()).isEmpty();
        }
    }

    @Test
    void dataEndsWithTheFile() throws IOException {
        TensorFile file = SafetensorsReader.open(
                write(file("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4)));
        StoredTensor tensor = file.tensors().get("a");
        file.close();
        file.close();
        assertThatThrownBy(tensor::toFloats).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void refusesAMissingFile() {
        Path path = folder.resolve("no.safetensors");
        assertThatThrownBy(() -> SafetensorsReader.open(path)).isInstanceOf(ModelException.class)
                .hasMessage(path + ": no such file");
    }

    @Test
    void refusesADirectory() {
        assertThatThrownBy(() -> SafetensorsReader.open(folder)).isInstanceOf(ModelException.class)
                .hasMessage(folder + ": found a directory (expected: a regular file)");
    }

    @Test
    void refusesAnEmptyFile() throws IOException {
        refuses(new byte[0], "the file is empty");
    }

    @Test
    void refusesAFileTruncatedWithinTheHeaderLength() throws IOException {
        refuses(new byte[]{2, 0, 0}, "the file ends within the header length: found 3 bytes (expected: 8)");
    }

    @Test
    void refusesAHeaderLongerThanTheFile() throws IOException {
        refuses(new byte[]{3, 0, 0, 0, 0, 0, 0, 0, '{', '}'},
                "header length: found 3 bytes (expected: at most 2, which is what the file has left)");
    }

    @Test
    void refusesAbsurdHeaderLengths() throws IOException {
        refuses(new byte[]{-1, -1, -1, -1, -1, -1, -1, -1, '{', '}'},
                "header length: found 18446744073709551615 bytes (expected: at most 100000000)");
        refuses(new byte[]{0, 0, 0, 0, 1, 0, 0, 0, '{', '}'},
                "header length: found 4294967296 bytes (expected: at most 100000000)");
        refuses(new byte[]{1, (byte) 0xe1, (byte) 0xf5, 5, 0, 0, 0, 0, '{', '}'},
                "header length: found 100000001 bytes (expected: at most 100000000)");
    }

    @Test
    void refusesAHeaderThatIsNotAnObject() throws IOException {
        refuses(file("", 0), "header: found no '{' at its start (expected: a JSON object)");
        refuses(file("[]", 0), "header: found no '{' at its start (expected: a JSON object)");
        refuses(file(" {}", 0), "header: found no '{' at its start (expected: a JSON object)");
    }

    @Test
    void refusesAHeaderThatIsNotJson() throws IOException {
        refuses(file("{\"a\":}", 0), "header: line 1, column 6: found '}' (expected: a value)");
        byte[] latin1 = file("{\"?\":1}", 0);
        latin1[10] = (byte) 0xe9;
        refuses(latin1, "header: line 1, column 3: found byte 0xe9 (expected: UTF-8)");
    }

    @Test
    void refusesARepeatedTensor() throws IOException {
        refuses(file("{\"a\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                + "\"a\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[1,2]}}", 2),
                "header: line 1, column 54: found the key \"a\" again (expected: each key once)");
    }

    @Test
    void refusesMetadataThatAreNotStrings() throws IOException {
        refuses(file("{\"__metadata__\":[]}", 0), "__metadata__: found an array (expected: an object)");
        refuses(file("{\"__metadata__\":{\"a\":1}}", 0), "__metadata__: \"a\": found 1 (expected: a string)");
    }

    @Test
    void refusesAnEntryThatIsNotATensor() throws IOException {
        refuses(file("{\"a\":7}", 0), "tensor \"a\": found 7 (expected: an object)");
        refuses(file("{\"\":{}}", 0), "tensor \"\": found an empty name (expected: a name)");
        refuses(file("{\"a\":{\"shape\":[],\"data_offsets\":[0,1]}}", 1),
                "tensor \"a\": found no \"dtype\" (expected: dtype, shape and data_offsets)");
        refuses(file("{\"a\":{\"dtype\":\"I8\",\"data_offsets\":[0,1]}}", 1),
                "tensor \"a\": found no \"shape\" (expected: dtype, shape and data_offsets)");
        refuses(file("{\"a\":{\"dtype\":\"I8\",\"shape\":[]}}", 1),
                "tensor \"a\": found no \"data_offsets\" (expected: dtype, shape and data_offsets)");
        refuses(file("{\"a\":{\"dtype\":8,\"shape\":[],\"data_offsets\":[0,1]}}", 1),
                "tensor \"a\": \"dtype\": found 8 (expected: a string)");
    }

    @Test
    void refusesAnUnknownTypeByName() throws IOException {
        refuses(file("{\"a\":{\"dtype\":\"F24\",\"shape\":[1],\"data_offsets\":[0,3]}}", 3),
                "tensor \"a\": dtype: found \"F24\" (expected: one of " + Arrays.toString(DType.values())
                        + ")");
    }

    @Test
    void refusesNumbersThatAreNotSizes() throws IOException {
        refuses(file("{\"a\":{\"dtype\":\"I8\",\"shape\":[-1],\"data_offsets\":[0,1]}}", 1),
                "tensor \"a\": shape: found -1 (expected: whole numbers, none negative)");
        refuses(file("{\"a\":{\"dtype\":\"I8\",\"shape\":[\"1\"],\"data_offsets\":[0,1]}}", 1),
                "tensor \"a\": shape: found the string \"1\" (expected: whole numbers, none negative)");
        refuses(file("{\"a\":{\"dtype\":\"I8\",\"shape\":[1.0],\"data_offsets\":[0,1]}}", 1),
                "tensor \"a\": found 1.0 (expected: a whole number of 64 bits)");
        refuses(file("{\"a\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[0,9223372036854775808]}}", 1),
                "tensor \"a\": found 9223372036854775808 (expected: a whole number of 64 bits)");
        refuses(file("{\"a\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[0,1,2]}}", 1),
                "tensor \"a\": data_offsets: found 3 numbers (expected: 2)");
    }

    @Test
    void refusesATensorThatEndsBeforeItBegins() throws IOException {
        refuses(file("{\"a\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[1,0]}}", 1),
                "tensor \"a\": data_offsets: found [1, 0] (expected: begin before end)");
    }

    @Test
    void refusesATensorBeyondTheFile() throws IOException {
        refuses(file("{\"a\":{\"dtype\":\"I8\",\"shape\":[5],\"data_offsets\":[0,5]}}", 4),
                "tensor \"a\": data_offsets: found [0, 5] (expected: within the 4 bytes of data)");
        refuses(file("{\"a\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[0,9223372036854775807]}}", 4),
                "tensor \"a\": data_offsets: found [0, 9223372036854775807]"
                        + " (expected: within the 4 bytes of data)");
    }

    @Test
    void refusesATensorOverlappingItsNeighbour() throws IOException {
        refuses(file("{\"a\":{\"dtype\":\"I8\",\"shape\":[3],\"data_offsets\":[0,3]},"
                + "\"b\":{\"dtype\":\"I8\",\"shape\":[2],\"data_offsets\":[2,4]}}", 4),
                "tensor \"b\": data_offsets: found [2, 4]"
                        + " (expected: to begin at 3, where the tensor before it ends:"
                        + " they overlap)");
    }

    @Test
    void refusesAHoleBetweenTensors() throws IOException {
        refuses(file("{\"a\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                + "\"b\":{\"dtype\":\"I8\",\"shape\":[2],\"data_offsets\":[2,4]}}", 4),
                "tensor \"b\": data_offsets: found [2, 4]"
                        + " (expected: to begin at 1, where the tensor before it ends:"
                        + " there is a hole between them)");
    }

    @Test
    void refusesBytesAfterTheLastTensor() throws IOException {
        refuses(file("{\"a\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 2),
                "the tensors end at byte 1 of the data (expected: 2, the end of the file)");
    }

    @Test
    void refusesAShapeThatDoesNotMatchTheOffsets() throws IOException {
        refuses(file("{\"a\":{\"dtype\":\"F16\",\"shape\":[2,3],\"data_offsets\":[0,10]}}", 10),
                "tensor \"a\": data_offsets: found [0, 10] (expected: 12 bytes for F16 [2, 3])");
    }

    @Test
    void refusesAShapeThatOverflows() throws IOException {
        refuses(file("{\"a\":{\"dtype\":\"I8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}",
                0),
                "tensor \"a\": shape: found [4294967296, 4294967296] of I8"
                        + " (expected: a whole number of bytes, fewer than 2^63)");
        refuses(file("{\"a\":{\"dtype\":\"F64\",\"shape\":[2305843009213693952],\"data_offsets\":[0,0]}}", 0),
                "tensor \"a\": shape: found [2305843009213693952] of F64"
                        + " (expected: a whole number of bytes, fewer than 2^63)");
    }

    @Test
    void showsNamesFromTheFileShortenedAndOnOneLine() throws IOException {
        String name = "a\\n\\u001b" + "x".repeat(200);
        refuses(file("{\"" + name + "\":{\"dtype\":\"" + "F".repeat(101)
                + "\",\"shape\":[],\"data_offsets\":[0,4]}}", 4),
                "tensor \"a??" + "x".repeat(97) + "...\": dtype: found \"" + "F".repeat(100)
                        + "...\" (expected: one of " + Arrays.toString(DType.values()) + ")");
        refuses(file("{\"a\":{\"dtype\":\"F32\",\"shape\":[" + "1,".repeat(64)
                + "1],\"data_offsets\":[0,4]}}", 4),
                "tensor \"a\": shape: found 65 numbers (expected: at most 64)");
    }

    @Test
    void refusesPackedElementsThatDoNotFillTheirLastByte() throws IOException {
        refuses(file("{\"a\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,2]}}", 2),
                "tensor \"a\": shape: found [3] of F4 (expected: a whole number of bytes, fewer than 2^63)");
    }

    @Test
    void refusesAFileTruncatedAnywhere() throws IOException {
        byte[] whole = file("{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}", 24);
        for (int length = 0; length < whole.length; length++) {
            Path path = write(Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> SafetensorsReader.open(path)).as("truncated to %d bytes", length)
                    .isInstanceOf(ModelException.class).hasMessageStartingWith(path + ": ");
        }
    }

    @Test
    void survivesEveryFlippedBit() throws IOException {
        byte[] whole = file("{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}", 24);
        int refused = 0;
        for (int bit = 0; bit < whole.length * 8; bit++) {
            byte[] flipped = whole.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            try (TensorFile file = SafetensorsReader.open(write(flipped))) {
                assertThat(file.tensors()).hasSize(1);
            } catch (ModelException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(400);
    }
}
