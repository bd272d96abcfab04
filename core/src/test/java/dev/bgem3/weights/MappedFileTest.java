package dev.bgem3.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.error.ModelException;
import dev.bgem3.safetensors.SafetensorsReader;
import dev.bgem3.safetensors.ShardedTensors;
import dev.bgem3.torch.TorchReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every mapping ends: Linux lists those of the process, by file. */
class MappedFileTest {
    private static final Path MAPS = Path.of("/proc/self/maps");

    @TempDir
    Path folder;
    private Path file;

    @BeforeEach
    void writeFile() throws IOException {
        assumeTrue(Files.isReadable(MAPS), "needs /proc/self/maps");
        // A header of two bytes, "{}", and then one byte too many.
        file = Files.write(folder.resolve("mapped.bin"), new byte[]{2, 0, 0, 0, 0, 0, 0, 0, '{', '}', 0});
    }

    private boolean isMapped() throws IOException {
        return new String(Files.readAllBytes(MAPS), StandardCharsets.ISO_8859_1).contains(file.toString());
    }

    @Test
    void isMappedUntilItIsClosed() throws IOException {
        MappedFile mapped = MappedFile.open(file);
        assertThat(isMapped()).isTrue();
        assertThat(mapped.bytes().byteSize()).isEqualTo(11);
        mapped.close();
        mapped.close();
        assertThat(isMapped()).isFalse();
    }

    @Test
    void readersThatRefuseAFileUnmapIt() throws IOException {
        assertThatThrownBy(() -> SafetensorsReader.open(file)).isInstanceOf(ModelException.class);
        assertThat(isMapped()).isFalse();
        assertThatThrownBy(() -> TorchReader.open(file)).isInstanceOf(ModelException.class);
        assertThat(isMapped()).isFalse();
        Files.write(file, new byte[]{2, 0, 0, 0, 0, 0, 0, 0, '{', '}'});
        Path index = Files.writeString(folder.resolve("index.json"),
                "{\"weight_map\":{\"a\":\"mapped.bin\"}}");
        assertThatThrownBy(() -> ShardedTensors.open(index)).isInstanceOf(ModelException.class)
                .hasMessageContaining("found no tensor \"a\"");
        assertThat(isMapped()).isFalse();
    }

    /** {@code Rss} of smaps, proc(5): the kilobytes of the mapping that are in this process's memory. */
    private long residentKilobytes() throws IOException {
        List<String> lines = Files.readAllLines(Path.of("/proc/self/smaps"), StandardCharsets.ISO_8859_1);
        int mapping = 0;
        while (!lines.get(mapping).endsWith(file.toString())) {
            mapping++;
        }
        return lines.subList(mapping, lines.size()).stream().filter(line -> line.startsWith("Rss:"))
                .findFirst()
                .map(line -> Long.parseLong(line.replaceAll("\\D", ""))).orElseThrow();
    }

    @Test
    void droppedPagesTakeNoMemoryAndComeBack() throws IOException {
        assumeTrue(System.getProperty("os.name").equals("Linux")
                && MappedFile.class.getModule().isNativeAccessEnabled(), "needs madvise");
        byte[] header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[1048576],\"data_offsets\":[0,4194304]}}"
                .getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + (4 << 20)).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(header.length).put(header);
        while (bytes.hasRemaining()) {
            bytes.putFloat(1.5f);
        }
        Files.write(file, bytes.array());
        try (TensorFile tensors = SafetensorsReader.open(file)) {
            StoredTensor tensor = tensors.tensors().get("a");
            assertThat(tensor.toFloats()).containsOnly(1.5f);
            assertThat(residentKilobytes()).isGreaterThanOrEqualTo(4096);
            tensors.dropPages();
            assertThat(residentKilobytes()).isLessThan(4096);
            assertThat(tensor.toFloats()).containsOnly(1.5f);
        }
    }
}
