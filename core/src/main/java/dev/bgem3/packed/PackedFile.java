package dev.bgem3.packed;

import dev.bgem3.error.ModelException;
import dev.bgem3.kernel.PackedLayout;
import dev.bgem3.text.Messages;
import dev.bgem3.weights.MappedFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * A file of packed layers. It is mapped read-only, so that all processes that use it share its memory.
 * Numbers are little-endian:
 *
 * <pre>
 * bytes   "BGEM3PKD"
 * int32   the version of the format and of the packing: 4
 * int32   the size of the header in bytes, including the checksum
 * int64   the size of the file in bytes
 * string  the layout's name (a string: int32 bytes, then UTF-8)
 * int32   the numerics version of the layout's arithmetic
 * 8       the model's sampled digest
 * 32      the model's whole digest
 * int32   the number of the model's files, and for each:
 *   int64   when it was last modified, in seconds since 1970
 * int32   the number of layers, and for each:
 *   string  name
 *   int32   rows, the layer's output size
 *   int32   columns, its input size
 *   int64   the offset of its bytes, a multiple of 4,096
 *   int64   the number of its bytes
 *   int32   their CRC-32C
 * int32   the CRC-32C of all preceding header bytes
 * </pre>
 *
 * <p>
 * A file is used only if the version, the layout, the length, the model's digest and every checksum match.
 * The checksums detect damage but not forgery: anyone who can write this file can write the model as well.
 * They cover bytes that are about to be read anyway, and are computed at memory speed.
 */
public final class PackedFile implements AutoCloseable {
    /**
     * A layer in a packed file.
     *
     * @param bytes
     *            the layer in the kernels' memory layout; page-aligned if it comes from an open file
     */
    public record Layer(int rows, int columns, MemorySegment bytes) {}

    static final String MAGIC = "BGEM3PKD";
    static final int VERSION = 4;
    static final int ALIGNMENT = 4096;
    static final int START_BYTES = MAGIC.length() + 2 * Integer.BYTES + Long.BYTES;
    private static final int MAX_HEADER_BYTES = 1 << 24;
    private static final int CHUNK_BYTES = 1 << 26;

    private record Stored(Layer layer, int checksum) {}

    private final MappedFile file;
    private final Map<String, Stored> layers;

    private PackedFile(MappedFile file, Map<String, Stored> layers) {
        this.file = file;
        this.layers = layers;
    }

    /** Returns the path of the file for a layout beside its model. */
    public static Path path(Path folder, PackedLayout layout) {
        return folder.resolve("model." + layout.name() + ".packed");
    }

    /**
     * Maps a file and checks it against the layout and the model. It compares the model's sampled digest, and
     * also the whole digest unless every file of the model has the time that it had when it was packed and
     * none is newer than this file. This detects a model file that was edited, or replaced by another with
     * its times preserved ({@code cp -p}, {@code rsync -t}).
     *
     * @throws ModelException
     *             if the file does not exist, or anything does not match
     */
    public static PackedFile open(Path path, PackedLayout layout, ModelDigest model) {
        MappedFile file = MappedFile.open(path);
        boolean opened = false;
        try {
            PackedFile packed = new PackedFile(file, readHeader(path, file.bytes(), layout, model));
            packed.checkLayers();
            opened = true;
            return packed;
        } finally {
            if (!opened) {
                file.close();
            }
        }
    }

    private static Map<String, Stored> readHeader(Path path, MemorySegment file, PackedLayout layout,
            ModelDigest model) {
        ByteBuffer header = checkedHeader(path, file);
        String found = string(path, header);
        if (!found.equals(layout.name())) {
            throw new ModelException(
                    path + ": the layout " + Messages.printable(found) + " (expected: " + layout.name()
                            + ")");
        }
        int numerics = require(path, header, Integer.BYTES).getInt();
        if (numerics != layout.numericsVersion()) {
            throw new ModelException(path + ": numerics version " + numerics + " (expected: "
                    + layout.numericsVersion() + ")");
        }
        byte[] sampled = bytes(path, header, ModelDigest.SAMPLED_BYTES);
        byte[] whole = bytes(path, header, ModelDigest.WHOLE_BYTES);
        long[] times = times(path, header);
        if (!Arrays.equals(sampled, model.sampled())
                || mayBeChanged(model, times, path) && !Arrays.equals(whole, model.whole())) {
            throw new ModelException(path + ": packed from another model, or from this one before a change");
        }
        int count = require(path, header, Integer.BYTES).getInt();
        Map<String, Stored> layers = new HashMap<>();
        for (int i = 0; i < count; i++) {
            String name = string(path, header);
            require(path, header, 3 * Integer.BYTES + 2 * Long.BYTES);
            int rows = header.getInt();
            int columns = header.getInt();
            long offset = header.getLong();
            long size = header.getLong();
            if (offset < 0 || offset % ALIGNMENT != 0 || size < 0 || size > file.byteSize()
                    || offset > file.byteSize() - size) {
                throw new ModelException(path + ": layer " + Messages.printable(name) + " at " + offset + ", "
                        + size + " bytes (expected: at a multiple of " + ALIGNMENT + ", within "
                        + file.byteSize() + ")");
            }
            layers.put(name,
                    new Stored(new Layer(rows, columns, file.asSlice(offset, size)), header.getInt()));
        }
        return layers;
    }

    private static boolean mayBeChanged(ModelDigest model, long[] timesAtPacking, Path packed) {
        return !Arrays.equals(timesAtPacking, model.fileTimes()) || model.newerThan(packed);
    }

    private static long[] times(Path path, ByteBuffer header) {
        int count = require(path, header, Integer.BYTES).getInt();
        require(path, header, count < 0 ? -1 : (long) count * Long.BYTES);
        long[] times = new long[count];
        for (int i = 0; i < count; i++) {
            times[i] = header.getLong();
        }
        return times;
    }

    /** Returns the header from the layout's name up to its checksum, which has been verified. */
    private static ByteBuffer checkedHeader(Path path, MemorySegment file) {
        if (file.byteSize() < START_BYTES) {
            throw new ModelException(path + ": " + file.byteSize() + " bytes (expected: packed weights)");
        }
        ByteBuffer start = file.asSlice(0, START_BYTES).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        String magic = new String(bytes(path, start, MAGIC.length()), StandardCharsets.ISO_8859_1);
        int version = start.getInt();
        int headerBytes = start.getInt();
        long fileBytes = start.getLong();
        if (!magic.equals(MAGIC) || version != VERSION) {
            throw new ModelException(path + ": begins with \"" + Messages.printable(magic) + "\", version "
                    + version + " (expected: \"" + MAGIC + "\", version " + VERSION + ")");
        }
        if (fileBytes != file.byteSize()) {
            throw new ModelException(
                    path + ": " + file.byteSize() + " bytes (expected: " + fileBytes
                            + ", by its header)");
        }
        if (headerBytes < START_BYTES + Integer.BYTES
                || headerBytes > Math.min(MAX_HEADER_BYTES, fileBytes)) {
            throw new ModelException(path + ": a header of " + headerBytes + " bytes (expected: "
                    + (START_BYTES + Integer.BYTES) + ".." + Math.min(MAX_HEADER_BYTES, fileBytes) + ")");
        }
        ByteBuffer header = file.asSlice(0, headerBytes).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        int end = headerBytes - Integer.BYTES;
        if (checksum(file.asSlice(0, end)) != header.getInt(end)) {
            throw new ModelException(path + ": the header is damaged: its checksum does not match");
        }
        return header.limit(end).position(START_BYTES);
    }

    private void checkLayers() {
        Optional<String> damaged = List.copyOf(layers.entrySet()).parallelStream()
                .filter(entry -> checksum(entry.getValue().layer.bytes) != entry.getValue().checksum)
                .map(Map.Entry::getKey).findAny();
        if (damaged.isPresent()) {
            throw new ModelException(file.path() + ": layer " + Messages.printable(damaged.get())
                    + " is damaged: its checksum does not match");
        }
    }

    static int checksum(MemorySegment bytes) {
        CRC32C crc = new CRC32C();
        for (long done = 0; done < bytes.byteSize(); done += CHUNK_BYTES) {
            crc.update(bytes.asSlice(done, Math.min(CHUNK_BYTES, bytes.byteSize() - done)).asByteBuffer());
        }
        return (int) crc.getValue();
    }

    private static ByteBuffer require(Path path, ByteBuffer header, long bytes) {
        if (bytes < 0 || bytes > header.remaining()) {
            throw new ModelException(path + ": the header ends at byte " + header.limit() + " (expected: "
                    + bytes + " bytes from " + header.position() + " on)");
        }
        return header;
    }

    private static byte[] bytes(Path path, ByteBuffer header, int count) {
        require(path, header, count);
        byte[] bytes = new byte[count];
        header.get(bytes);
        return bytes;
    }

    private static String string(Path path, ByteBuffer header) {
        return new String(bytes(path, header, require(path, header, Integer.BYTES).getInt()),
                StandardCharsets.UTF_8);
    }

    /** Returns the bytes of a layer if the file contains it in that size; valid until the file is closed. */
    public Optional<MemorySegment> layer(String name, int rows, int columns) {
        return Optional.ofNullable(layers.get(name)).map(Stored::layer)
                .filter(layer -> layer.rows == rows && layer.columns == columns).map(Layer::bytes);
    }

    /** Unmaps the file; a second call does nothing. */
    @Override
    public void close() {
        file.close();
    }
}
