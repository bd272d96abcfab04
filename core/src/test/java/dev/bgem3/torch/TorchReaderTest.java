package dev.bgem3.torch;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bgem3.error.ModelException;
import dev.bgem3.testsupport.TestSizes;
import dev.bgem3.weights.StoredTensor;
import dev.bgem3.weights.TensorFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TorchReaderTest {
    @TempDir
    Path folder;

    static byte[] floats(float... values) {
        ByteBuffer buffer = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            buffer.putFloat(value);
        }
        return buffer.array();
    }

    private static ZipMaker zip(byte[] pickle) {
        return new ZipMaker().add("m/data.pkl", pickle).add("m/byteorder",
                "little".getBytes(StandardCharsets.US_ASCII));
    }

    private Path write(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("w.pt"), bytes);
    }

    private void refuses(byte[] bytes, String message) throws IOException {
        Path path = write(bytes);
        assertThatThrownBy(() -> TorchReader.open(path)).isInstanceOf(ModelException.class)
                .hasMessage(path + ": " + message);
    }

    private void refusesTensor(long count, long offset, long[] size, long[] stride, String message)
            throws IOException {
        refuses(zip(PickleMaker.single("FloatStorage", count, offset, size, stride))
                .add("m/data/0", floats(1, 2, 3, 4, 5, 6)).toBytes(), "tensor \"w\": " + message);
    }

    @Test
    void honoursOffsetSizeAndStride() throws IOException {
        Path path = write(zip(PickleMaker.single("FloatStorage", 6, 1, new long[]{2, 2}, new long[]{1, 3}))
                .add("m/data/0", floats(1, 2, 3, 4, 5, 6)).toBytes());
        try (TensorFile file = TorchReader.open(path)) {
            assertThat(file.path()).isEqualTo(path);
            StoredTensor tensor = file.tensors().get("w");
            assertThat(tensor.shape()).containsExactly(2, 2);
            assertThat(tensor.toFloats()).containsExactly(2, 5, 3, 6);
            float[] row = new float[2];
            tensor.readRow(1, row, 0);
            assertThat(row).containsExactly(3, 6);
        }
    }

    @Test
    void readsStoragesOfEveryType() throws IOException {
        String[] types = {"Float", "Half", "BFloat16", "Double", "Long", "Int", "Short", "Char", "Byte",
                "Bool"};
        int[] widths = {4, 2, 2, 8, 8, 4, 2, 1, 1, 1};
        PickleMaker pickle = new PickleMaker().proto().orderedDict().raw('(');
        ZipMaker zip = new ZipMaker();
        for (int i = 0; i < types.length; i++) {
            pickle.text(types[i]).tensor(types[i] + "Storage", "k" + i, 2, 0, new long[]{2}, new long[]{1});
            zip.add("m/data/k" + i, new byte[2 * widths[i]]);
        }
        try (TensorFile file = TorchReader
                .open(write(zip.add("m/data.pkl", pickle.raw('u', '.').bytes()).toBytes()))) {
            assertThat(file.tensors().values().stream().map(tensor -> tensor.name() + " " + tensor.dtype()))
                    .containsExactly("Float F32", "Half F16", "BFloat16 BF16", "Double F64", "Long I64",
                            "Int I32",
                            "Short I16", "Char I8", "Byte U8", "Bool BOOL");
        }
    }

    @Test
    void tiedTensorsShareTheirBytes() throws IOException {
        long[] size = {3};
        long[] stride = {1};
        byte[] pickle = new PickleMaker().proto().raw('}').text("a")
                .tensor("FloatStorage", "0", 6, 0, size, stride)
                .raw('s').text("b").tensor("FloatStorage", "0", 6, 2, size, stride).raw('s', '.').bytes();
        try (TensorFile file = TorchReader
                .open(write(zip(pickle).add("m/data/0", floats(1, 2, 3, 4, 5, 6)).toBytes()))) {
            StoredTensor a = file.tensors().get("a");
            StoredTensor b = file.tensors().get("b");
            assertThat(a.toFloats()).containsExactly(1, 2, 3);
            assertThat(b.toFloats()).containsExactly(3, 4, 5);
            assertThat(b.data().address() - a.data().address()).isEqualTo(8);
            assertThat(a.data().isMapped()).isTrue();
        }
    }

    @Test
    void skipsPlainValues() throws IOException {
        byte[] pickle = new PickleMaker().proto().raw('}').text("steps").raw('K', 7, 's').text("name")
                .text("x")
                .raw('s').text("best").raw('N', 's', '.').bytes();
        try (TensorFile file = TorchReader.open(write(zip(pickle).toBytes()))) {
            assertThat(file.tensors()).isEmpty();
        }
    }

    @Test
    void readsTensorsWithoutElementsAndScalars() throws IOException {
        byte[] pickle = new PickleMaker().proto().raw('}').text("empty")
                .tensor("FloatStorage", "0", 0, 0, new long[]{3, 0}, new long[]{1, 1}).raw('s').text("scalar")
                .tensor("FloatStorage", "1", 1, 0, new long[0], new long[0]).raw('s', '.').bytes();
        try (TensorFile file = TorchReader
                .open(write(zip(pickle).add("m/data/0", new byte[0]).add("m/data/1", floats(5)).toBytes()))) {
            assertThat(file.tensors().get("empty").toFloats()).isEmpty();
            assertThat(file.tensors().get("scalar").toFloats()).containsExactly(5);
        }
    }

    @Test
    void refusesAForeignGlobalByName() throws IOException {
        refuses(zip(new PickleMaker().proto().global("os", "system").text("id").raw(0x85, 'R', '.').bytes())
                .toBytes(),
                "m/data.pkl: refuses the global os.system (only state dicts of tensors are read)");
    }

    @Test
    void refusesAnythingButAPlainStateDict() throws IOException {
        refuses(zip(new PickleMaker().proto().raw(')', '.').bytes()).toBytes(),
                "m/data.pkl: found a tuple of 0 (expected: a dict of tensors)");
        refuses(zip(new PickleMaker().proto().raw('}').text("state_dict").raw('}', 's', '.').bytes())
                .toBytes(),
                "m/data.pkl: \"state_dict\": found a dict of 0"
                        + " (expected: a tensor; only plain state dicts are read)");
    }

    @Test
    void refusesAViewBeyondItsStorage() throws IOException {
        refusesTensor(6, 0, new long[]{7}, new long[]{1}, "found size [7] by stride [1] at offset 0"
                + " (expected: within the 6 elements of its storage)");
        refusesTensor(6, 2, new long[]{5}, new long[]{1}, "found size [5] by stride [1] at offset 2"
                + " (expected: within the 6 elements of its storage)");
        refusesTensor(6, 0, new long[]{2, 3}, new long[]{4, 1},
                "found size [2, 3] by stride [4, 1] at offset 0"
                        + " (expected: within the 6 elements of its storage)");
        refusesTensor(6, 7, new long[]{0}, new long[]{1}, "found size [0] by stride [1] at offset 7"
                + " (expected: within the 6 elements of its storage)");
        refusesTensor(6, Long.MIN_VALUE, new long[]{1}, new long[]{1},
                "found size [1] by stride [1] at offset -9223372036854775808"
                        + " (expected: within the 6 elements of its storage)");
        refusesTensor(6, -1, new long[]{1}, new long[]{1}, "found size [1] by stride [1] at offset -1"
                + " (expected: within the 6 elements of its storage)");
    }

    @Test
    void refusesInvalidSizes() throws IOException {
        String expected = " (expected: as many strides as sizes, none negative, fewer than 2^63 elements)";
        refusesTensor(6, 0, new long[]{-1}, new long[]{1},
                "found size [-1] by stride [1] at offset 0" + expected);
        refusesTensor(6, 0, new long[]{1}, new long[]{-1},
                "found size [1] by stride [-1] at offset 0" + expected);
        refusesTensor(6, 0, new long[]{1, 1}, new long[]{1},
                "found size [1, 1] by stride [1] at offset 0" + expected);
        refusesTensor(6, 0, new long[]{1L << 62, 4}, new long[]{4, 1},
                "found size [4611686018427387904, 4] by stride [4, 1] at offset 0" + expected);
        refusesTensor(6, 0, new long[]{1L << 62, 4}, new long[]{0, 0},
                "found size [4611686018427387904, 4] by stride [0, 0] at offset 0" + expected);
    }

    @Test
    void refusesMoreRepeatedElementsThanAFileCouldHold() throws IOException {
        byte[] bytes = zip(PickleMaker.single("FloatStorage", 1, 0, new long[]{1L << 40}, new long[]{0}))
                .add("m/data/0", floats(1)).toBytes();
        refuses(bytes,
                "tensor \"w\": found size [1099511627776] by stride [0] at offset 0"
                        + " (expected: no more elements"
                        + " than a file of " + bytes.length + " bytes can hold)");
    }

    @Test
    void refusesAStorageThatDoesNotMatchThePickle() throws IOException {
        for (long count : new long[]{5, 7, -1, Long.MAX_VALUE, 1L << 62}) {
            refusesTensor(count, 0, new long[]{1}, new long[]{1},
                    "the storage \"0\": found 24 bytes (expected: " + count + " elements of F32)");
        }
    }

    @Test
    void refusesAMissingStorage() throws IOException {
        refuses(zip(PickleMaker.single("FloatStorage", 1, 0, new long[]{1}, new long[]{1})).toBytes(),
                "tensor \"w\": the storage \"0\": found no entry \"m/data/0\" (expected: one)");
    }

    @Test
    void refusesBigEndianFiles() throws IOException {
        refuses(new ZipMaker().add("m/data.pkl", new PickleMaker().proto().raw('}', '.').bytes())
                .add("m/byteorder", "big".getBytes(StandardCharsets.US_ASCII)).toBytes(),
                "byteorder: found \"big\" (expected: \"little\")");
    }

    @Test
    void refusesZipsThatTorchDidNotWrite() throws IOException {
        refuses(new ZipMaker().add("readme.txt", new byte[3]).toBytes(),
                "found 0 entries */data.pkl (expected: one, as torch.save writes it)");
        refuses(new ZipMaker().add("a/data.pkl", new byte[3]).add("b/data.pkl", new byte[3]).toBytes(),
                "found 2 entries */data.pkl (expected: one, as torch.save writes it)");
        refuses(new ZipMaker().add("a/b/data.pkl", new byte[3]).toBytes(),
                "found 0 entries */data.pkl (expected: one, as torch.save writes it)");
    }

    @Test
    void refusesOldFormatsAndSaysWhatToDo() throws IOException {
        refuses(new byte[]{(byte) 0x80, 2, (byte) 0x8a, 10, 'l'},
                "found the pickle format of PyTorch before 1.6"
                        + " (expected: its zip format; load it in Python and save it again with torch.save)");
        byte[] tar = new byte[1024];
        System.arraycopy("ustar".getBytes(StandardCharsets.US_ASCII), 0, tar, 257, 5);
        refuses(tar,
                "found the tar format of PyTorch before 1.6"
                        + " (expected: its zip format; load it in Python and save"
                        + " it again with torch.save)");
    }

    @Test
    void refusesFilesThatAreMissingOrEmptyOrNotZips() throws IOException {
        Path missing = folder.resolve("no.pt");
        assertThatThrownBy(() -> TorchReader.open(missing)).isInstanceOf(ModelException.class)
                .hasMessage(missing + ": no such file");
        refuses(new byte[0], "the file is empty");
        refuses("\u0001 no zip".getBytes(StandardCharsets.US_ASCII),
                "found no end of a zip directory (expected: a"
                        + " whole zip file as torch.save writes it; the file may be truncated)");
    }

    @Test
    void refusesCompressedEntriesByName() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            zip.putNextEntry(new ZipEntry("m/data.pkl"));
            zip.write(new byte[100]);
        }
        refuses(out.toByteArray(),
                "entry \"m/data.pkl\": found it compressed by method 8"
                        + " (expected: stored, as torch.save writes it)");
    }

    @Test
    void refusesAPickleWithAWrongChecksum() throws IOException {
        byte[] bytes = new ZipMaker().add("m/data.pkl", new byte[]{'a', 'b', 'c'}).toBytes();
        bytes[40] = 'x';
        refuses(bytes, "m/data.pkl: found CRC-32 26d3d93d (expected: 352441c2, by the zip directory)");
    }

    @Test
    void refusesAFileTruncatedAnywhere() throws IOException {
        byte[] whole = zip(PickleMaker.single("FloatStorage", 6, 0, new long[]{2, 3}, new long[]{3, 1}))
                .add("m/data/0", floats(1, 2, 3, 4, 5, 6)).toBytes();
        for (int length = 0; length < whole.length; length++) {
            Path path = write(Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> TorchReader.open(path)).as("truncated to %d bytes", length)
                    .isInstanceOf(ModelException.class).hasMessageStartingWith(path + ": ");
        }
    }

    @Test
    void survivesEveryFlippedBit() throws IOException {
        byte[] whole = zip(PickleMaker.single("FloatStorage", 6, 0, new long[]{2, 3}, new long[]{3, 1}))
                .add("m/data/0", floats(1, 2, 3, 4, 5, 6)).toBytes();
        int refused = 0;
        int step = TestSizes.pick(7, 1); // Each bit of a byte has its turn.
        for (int bit = 0; bit < whole.length * 8; bit += step) {
            byte[] flipped = whole.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            try (TensorFile file = TorchReader.open(write(flipped))) {
                assertThat(file.tensors().get("w").data().toArray(JAVA_BYTE)).hasSize(24);
            } catch (ModelException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(2000 / step);
    }
}
