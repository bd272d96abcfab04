package dev.bgem3.packed;

import dev.bgem3.error.ModelException;
import dev.bgem3.io.UnfinishedPath;
import dev.bgem3.kernel.PackedLayout;
import dev.bgem3.text.Messages;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/** Writes a {@link PackedFile}, which appears under its name only when it is complete. */
public final class PackedFileWriter {
    private static final int CHUNK_BYTES = 1 << 22;

    private PackedFileWriter() {}

    /** Receives progress while a file is written. */
    @FunctionalInterface
    public interface Progress {
        /** Called by the writing thread every few MiB and at the end. */
        void onWritten(long bytes, long totalBytes);
    }

    /**
     * Writes a file and replaces an existing one; a process that has mapped the old file keeps it.
     *
     * @throws ModelException
     *             if the file cannot be written; it then does not exist, or is unchanged
     */
    public static void write(Path path, PackedLayout layout, ModelDigest model,
            SequencedMap<String, PackedFile.Layer> layers, Progress progress) {
        byte[] layoutName = layout.name().getBytes(StandardCharsets.UTF_8);
        Map<byte[], PackedFile.Layer> named = new LinkedHashMap<>();
        long[] times = model.fileTimes();
        int headerBytes = PackedFile.START_BYTES + Integer.BYTES + layoutName.length
                + ModelDigest.SAMPLED_BYTES + ModelDigest.WHOLE_BYTES + Integer.BYTES
                + times.length * Long.BYTES + 3 * Integer.BYTES;
        for (Map.Entry<String, PackedFile.Layer> entry : layers.entrySet()) {
            byte[] name = entry.getKey().getBytes(StandardCharsets.UTF_8);
            named.put(name, entry.getValue());
            headerBytes += 4 * Integer.BYTES + name.length + 2 * Long.BYTES;
        }
        long fileBytes = aligned(headerBytes);
        for (PackedFile.Layer layer : named.values()) {
            fileBytes += aligned(layer.bytes().byteSize());
        }
        ByteBuffer header = ByteBuffer.allocate(headerBytes).order(ByteOrder.LITTLE_ENDIAN);
        header.put(PackedFile.MAGIC.getBytes(StandardCharsets.ISO_8859_1)).putInt(PackedFile.VERSION)
                .putInt(headerBytes).putLong(fileBytes).putInt(layoutName.length).put(layoutName)
                .putInt(layout.numericsVersion())
                .put(model.sampled()).put(model.whole()).putInt(times.length);
        for (long time : times) {
            header.putLong(time);
        }
        header.putInt(named.size());
        long offset = aligned(headerBytes);
        for (Map.Entry<byte[], PackedFile.Layer> entry : named.entrySet()) {
            PackedFile.Layer layer = entry.getValue();
            header.putInt(entry.getKey().length).put(entry.getKey()).putInt(layer.rows())
                    .putInt(layer.columns())
                    .putLong(offset).putLong(layer.bytes().byteSize())
                    .putInt(PackedFile.checksum(layer.bytes()));
            offset += aligned(layer.bytes().byteSize());
        }
        header.putInt(
                PackedFile.checksum(MemorySegment.ofArray(header.array()).asSlice(0, header.position())));
        try (UnfinishedPath part = UnfinishedPath.beside(path)) {
            writeAll(part.path(), header.flip(), named.values(), fileBytes, progress);
            part.complete();
        } catch (IOException e) {
            throw new ModelException(path + ": cannot be written: " + Messages.reason(e), e);
        }
    }

    private static long aligned(long bytes) {
        return Math.ceilDiv(bytes, PackedFile.ALIGNMENT) * PackedFile.ALIGNMENT;
    }

    private static void writeAll(Path part, ByteBuffer header, Iterable<PackedFile.Layer> layers,
            long fileBytes,
            Progress progress) throws IOException {
        try (FileChannel channel = FileChannel.open(part, StandardOpenOption.CREATE_NEW,
                StandardOpenOption.WRITE)) {
            writeAligned(channel, MemorySegment.ofBuffer(header), fileBytes, progress);
            for (PackedFile.Layer layer : layers) {
                writeAligned(channel, layer.bytes(), fileBytes, progress);
            }
        }
    }

    /** Writes the bytes, padded with zeros to a whole page. */
    private static void writeAligned(FileChannel channel, MemorySegment bytes, long fileBytes,
            Progress progress)
            throws IOException {
        for (long done = 0; done < bytes.byteSize(); done += CHUNK_BYTES) {
            writeFully(channel,
                    bytes.asSlice(done, Math.min(CHUNK_BYTES, bytes.byteSize() - done)).asByteBuffer());
            progress.onWritten(channel.position(), fileBytes);
        }
        writeFully(channel, ByteBuffer.allocate((int) (aligned(channel.position()) - channel.position())));
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
