package dev.bgem3.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.safetensors.SafetensorsReader;
import dev.bgem3.weights.StoredTensor;
import dev.bgem3.weights.TensorFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads sparse files beyond 2 and 4 GiB, whose holes take no time and, on most file systems, no space. */
class LargeFileTest {
    private static final long ROWS = (5L << 30) / 4096;

    @TempDir
    Path folder;

    private void assumeRoom() throws IOException {
        long room = Files.getFileStore(folder).getUsableSpace();
        assumeTrue(room > 6L << 30,
                "needs 6 GiB of disk in the folder for temporary files, found " + room + " bytes");
    }

    private static void checkLast(TensorFile file) {
        StoredTensor large = file.tensors().get("large");
        float[] row = new float[1024];
        large.readRow(ROWS - 1, row, 0);
        assertThat(row[1022]).isZero();
        assertThat(row[1023]).isEqualTo(42);
        large.readRow(ROWS / 2, row, 0);
        assertThat(row).containsOnly(0);
        assertThat(file.tensors().get("small").toFloats()).containsExactly(1, 2);
    }

    @Test
    void readsSafetensorsBeyondFourGibibytes() throws IOException {
        assumeRoom();
        Path path = folder.resolve("large.safetensors");
        long largeBytes = ROWS * 4096;
        byte[] header = ("{\"large\":{\"dtype\":\"F32\",\"shape\":[" + ROWS + ",1024],\"data_offsets\":[0,"
                + largeBytes
                + "]},\"small\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[" + largeBytes + ","
                + (largeBytes + 8)
                + "]}}").getBytes(StandardCharsets.UTF_8);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW,
                StandardOpenOption.WRITE,
                StandardOpenOption.SPARSE)) {
            channel.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, header.length));
            channel.write(ByteBuffer.wrap(header));
            channel.position(channel.position() + largeBytes - 4);
            channel.write(ByteBuffer.wrap(TorchReaderTest.floats(42, 1, 2)));
        }
        try (TensorFile file = SafetensorsReader.open(path)) {
            checkLast(file);
        }
    }

    @Test
    void readsZip64BeyondFourGibibytes() throws IOException {
        assumeRoom();
        Path path = folder.resolve("large.bin");
        byte[] pickle = new PickleMaker().proto().raw('}').text("large")
                .tensor("FloatStorage", "0", ROWS * 1024, 0, new long[]{ROWS, 1024}, new long[]{1024, 1})
                .raw('s')
                .text("small").tensor("FloatStorage", "1", 2, 0, new long[]{2}, new long[]{1}).raw('s', '.')
                .bytes();
        new ZipMaker().addSparse("m/data/0", ROWS * 4096, TorchReaderTest.floats(42))
                .add("m/data/1", TorchReaderTest.floats(1, 2)).add("m/data.pkl", pickle).writeTo(path);
        try (TensorFile file = TorchReader.open(path)) {
            checkLast(file);
        }
    }
}
