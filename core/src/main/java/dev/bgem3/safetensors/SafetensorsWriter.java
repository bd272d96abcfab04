package dev.bgem3.safetensors;

import dev.bgem3.error.ModelException;
import dev.bgem3.io.UnfinishedPath;
import dev.bgem3.json.Json;
import dev.bgem3.json.JsonArray;
import dev.bgem3.json.JsonNumber;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonString;
import dev.bgem3.json.JsonValue;
import dev.bgem3.text.Messages;
import dev.bgem3.weights.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.Set;

/**
 * Writes safetensors files of any size, one tensor after another, through a buffer of fixed size. The file
 * appears under its name only when it is complete.
 */
public final class SafetensorsWriter {
    static final long BUFFER_BYTES = 4 << 20;

    private SafetensorsWriter() {}

    /** Supplies a tensor's elements when it is written. */
    @FunctionalInterface
    public interface Content {
        /**
         * Writes all elements to {@code sink} in row-major order, in chunks of any size.
         *
         * @throws IOException
         *             if the sink throws it
         */
        void writeTo(TensorSink sink) throws IOException;
    }

    /** Receives progress while a file is written. */
    @FunctionalInterface
    public interface Progress {
        /**
         * Called by the writing thread each time {@value #BUFFER_BYTES} bytes are written, and at the end.
         */
        void onWritten(long bytes, long totalBytes);
    }

    /** A tensor to write. */
    public record Source(String name, DType dtype, long[] shape, Content content) {
        /** Checks the name; {@code shape} is copied. */
        public Source {
            Objects.requireNonNull(dtype);
            Objects.requireNonNull(content);
            if (name.isEmpty() || name.equals(SafetensorsReader.METADATA)) {
                throw new IllegalArgumentException("name: \"" + name + "\" (expected: a tensor's name)");
            }
            shape = shape.clone();
        }

        private long sizeBytes() {
            long elementCount = 1;
            for (long size : shape) {
                if (size < 0) {
                    throw new IllegalArgumentException(name + ": shape: " + Arrays.toString(shape)
                            + " (expected: no negative size)");
                }
                elementCount = Math.multiplyExact(elementCount, size);
            }
            return dtype.sizeBytes(elementCount);
        }
    }

    /**
     * Writes {@code tensors} to {@code file} and replaces an existing file. The widest types come first, so
     * that every tensor is aligned to its element size; otherwise the given order is kept.
     *
     * @throws IllegalArgumentException
     *             if a name is repeated or a size is negative
     * @throws IllegalStateException
     *             if the content of a tensor is shorter or longer than its shape requires
     * @throws ModelException
     *             if the file cannot be written; it then does not exist, or is unchanged
     */
    public static void write(Path file, Collection<Source> tensors, Progress progress) {
        List<Source> ordered = tensors.stream()
                .sorted(Comparator.comparingInt((Source tensor) -> tensor.dtype.sizeBits()).reversed())
                .toList();
        byte[] header = header(ordered);
        try (UnfinishedPath part = UnfinishedPath.beside(file)) {
            writeAll(part.path(), header, ordered, progress);
            part.complete();
        } catch (IOException e) {
            throw new ModelException(file + ": cannot be written: " + Messages.reason(e), e);
        }
    }

    private static void writeAll(Path part, byte[] header, List<Source> tensors, Progress progress)
            throws IOException {
        long totalBytes = header.length;
        for (Source tensor : tensors) {
            totalBytes = Math.addExact(totalBytes, tensor.sizeBytes());
        }
        try (FileChannel channel = FileChannel.open(part, StandardOpenOption.CREATE_NEW,
                StandardOpenOption.WRITE);
                Arena arena = Arena.ofConfined()) {
            TensorSink sink = new TensorSink(channel, arena.allocate(BUFFER_BYTES), totalBytes, progress);
            sink.raw(header);
            for (Source tensor : tensors) {
                sink.begin(tensor.name, tensor.dtype, tensor.sizeBytes());
                tensor.content.writeTo(sink);
                sink.end();
            }
            sink.flush();
        }
    }

    /** Returns the length and the JSON, padded so that the data begins at a multiple of 8. */
    private static byte[] header(List<Source> tensors) {
        SequencedMap<String, JsonValue> members = new LinkedHashMap<>();
        members.put(SafetensorsReader.METADATA, object("format", new JsonString("pt")));
        Set<String> names = new HashSet<>();
        long begin = 0;
        for (Source tensor : tensors) {
            if (!names.add(tensor.name)) {
                throw new IllegalArgumentException(
                        "tensors: \"" + tensor.name + "\" again (expected: each name once)");
            }
            long end = Math.addExact(begin, tensor.sizeBytes());
            members.put(tensor.name,
                    object("dtype", new JsonString(tensor.dtype.name()), "shape", array(tensor.shape),
                            "data_offsets", array(begin, end)));
            begin = end;
        }
        byte[] json = Json.write(new JsonObject(members)).getBytes(StandardCharsets.UTF_8);
        int padded = Math.ceilDiv(json.length, Long.BYTES) * Long.BYTES;
        if (padded > SafetensorsReader.MAX_HEADER_BYTES) {
            throw new IllegalArgumentException("tensors: a header of " + padded + " bytes (expected: at most "
                    + SafetensorsReader.MAX_HEADER_BYTES + ")");
        }
        ByteBuffer header = ByteBuffer.allocate(SafetensorsReader.LENGTH_BYTES + padded)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(padded).put(json);
        while (header.hasRemaining()) {
            header.put((byte) ' ');
        }
        return header.array();
    }

    private static JsonObject object(Object... keysAndValues) {
        SequencedMap<String, JsonValue> members = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            members.put((String) keysAndValues[i], (JsonValue) keysAndValues[i + 1]);
        }
        return new JsonObject(members);
    }

    private static JsonArray array(long... values) {
        return new JsonArray(Arrays.stream(values).<JsonValue>mapToObj(JsonNumber::of).toList());
    }
}
