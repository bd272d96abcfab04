package dev.bgem3.safetensors;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.bgem3.error.ModelException;
import dev.bgem3.json.Json;
import dev.bgem3.json.JsonArray;
import dev.bgem3.json.JsonException;
import dev.bgem3.json.JsonNumber;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonString;
import dev.bgem3.json.JsonValue;
import dev.bgem3.text.Messages;
import dev.bgem3.weights.DType;
import dev.bgem3.weights.MappedTensors;
import dev.bgem3.weights.StoredTensor;
import dev.bgem3.weights.TensorFile;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/** Opens safetensors files and checks everything in them. */
public final class SafetensorsReader {
    static final String METADATA = "__metadata__";
    static final int LENGTH_BYTES = Long.BYTES;
    static final long MAX_HEADER_BYTES = 100_000_000;
    /** NumPy's limit; real tensors have fewer, and it keeps messages that show a shape short. */
    private static final int MAX_DIMENSIONS = 64;

    private final Path path;
    private final MemorySegment bytes;

    SafetensorsReader(Path path, MemorySegment bytes) {
        this.path = path;
        this.bytes = bytes;
    }

    /**
     * Opens and checks a file, and lists its tensors in the order of their data.
     *
     * @throws ModelException
     *             if the file cannot be read or violates the format
     */
    public static TensorFile open(Path path) {
        return MappedTensors.open(path, (file, bytes) -> new SafetensorsReader(file, bytes).read(),
                null);
    }

    /** Checks the file and returns its tensors. */
    SequencedMap<String, StoredTensor> read() {
        if (bytes.byteSize() < LENGTH_BYTES) {
            throw fault("the file ends within the header length: found " + bytes.byteSize()
                    + " bytes (expected: 8)");
        }
        long headerBytes = bytes.get(JAVA_LONG_UNALIGNED.withOrder(LITTLE_ENDIAN), 0);
        if (headerBytes < 0 || headerBytes > MAX_HEADER_BYTES) {
            throw fault("header length: found " + Long.toUnsignedString(headerBytes)
                    + " bytes (expected: at most "
                    + MAX_HEADER_BYTES + ")");
        }
        if (headerBytes > bytes.byteSize() - LENGTH_BYTES) {
            throw fault("header length: found " + headerBytes + " bytes (expected: at most "
                    + (bytes.byteSize() - LENGTH_BYTES) + ", which is what the file has left)");
        }
        List<Entry> entries = entries(header(bytes.asSlice(LENGTH_BYTES, headerBytes)));
        return tensors(entries, bytes.asSlice(LENGTH_BYTES + headerBytes));
    }

    private JsonObject header(MemorySegment bytes) {
        if (bytes.byteSize() == 0 || bytes.get(JAVA_BYTE, 0) != '{') {
            throw fault("header: found no '{' at its start (expected: a JSON object)");
        }
        try {
            return (JsonObject) Json.parse(bytes.toArray(JAVA_BYTE));
        } catch (JsonException e) {
            throw fault("header: " + e.getMessage(), e);
        }
    }

    private List<Entry> entries(JsonObject header) {
        List<Entry> entries = new ArrayList<>(header.members().size());
        for (Map.Entry<String, JsonValue> member : header.members().entrySet()) {
            if (member.getKey().equals(METADATA)) {
                checkMetadata(member.getValue());
            } else {
                entries.add(entry(member.getKey(), member.getValue()));
            }
        }
        entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        return entries;
    }

    private void checkMetadata(JsonValue metadata) {
        if (!(metadata instanceof JsonObject object)) {
            throw fault(METADATA + ": found " + metadata.describe() + " (expected: an object)");
        }
        object.members().forEach((key, value) -> {
            if (!(value instanceof JsonString)) {
                throw fault(
                        METADATA + ": \"" + Messages.printable(key) + "\": found " + value.describe()
                                + " (expected: a string)");
            }
        });
    }

    private Entry entry(String name, JsonValue value) {
        if (name.isEmpty()) {
            throw fault("tensor \"\": found an empty name (expected: a name)");
        }
        if (!(value instanceof JsonObject object)) {
            throw fault(name, "found " + value.describe() + " (expected: an object)");
        }
        try {
            String dtypeName = object.string("dtype").orElseThrow(() -> missing(name, "dtype"));
            DType dtype = DType.named(dtypeName)
                    .orElseThrow(() -> fault(name, "dtype: found \"" + Messages.printable(dtypeName)
                            + "\" (expected: one of " + Arrays.toString(DType.values()) + ")"));
            long[] shape = longs(name, "shape", object);
            long[] offsets = longs(name, "data_offsets", object);
            if (offsets.length != 2) {
                throw fault(name, "data_offsets: found " + offsets.length + " numbers (expected: 2)");
            }
            return new Entry(name, dtype, shape, offsets[0], offsets[1]);
        } catch (JsonException e) {
            throw fault(tensor(name) + e.getMessage(), e);
        }
    }

    private long[] longs(String name, String key, JsonObject object) {
        JsonArray array = object.array(key).orElseThrow(() -> missing(name, key));
        if (array.elements().size() > MAX_DIMENSIONS) {
            throw fault(name, key + ": found " + array.elements().size() + " numbers (expected: at most "
                    + MAX_DIMENSIONS + ")");
        }
        long[] longs = new long[array.elements().size()];
        for (int i = 0; i < longs.length; i++) {
            JsonValue element = array.elements().get(i);
            if (!(element instanceof JsonNumber number) || number.asLong() < 0) {
                throw fault(name,
                        key + ": found " + element.describe() + " (expected: whole numbers, none negative)");
            }
            longs[i] = number.asLong();
        }
        return longs;
    }

    /** Checks each entry against its neighbours and the data, and creates the tensors. */
    private SequencedMap<String, StoredTensor> tensors(List<Entry> entries, MemorySegment data) {
        SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();
        long end = 0;
        for (Entry entry : entries) {
            String offsets = "data_offsets: found [" + entry.begin + ", " + entry.end + "] ";
            if (entry.end < entry.begin) {
                throw fault(entry.name, offsets + "(expected: begin before end)");
            }
            if (entry.end > data.byteSize()) {
                throw fault(entry.name,
                        offsets + "(expected: within the " + data.byteSize() + " bytes of data)");
            }
            if (entry.begin != end) {
                throw fault(entry.name,
                        offsets + "(expected: to begin at " + end + ", where the tensor before it ends: "
                                + (entry.begin < end ? "they overlap" : "there is a hole between them")
                                + ")");
            }
            long expected = sizeBytes(entry);
            if (entry.end - entry.begin != expected) {
                throw fault(entry.name, offsets + "(expected: " + expected + " bytes for " + entry.dtype + " "
                        + Arrays.toString(entry.shape) + ")");
            }
            end = entry.end;
            tensors.put(entry.name, StoredTensor.contiguous(path, entry.name, entry.dtype, entry.shape,
                    data.asSlice(entry.begin, expected)));
        }
        if (end != data.byteSize()) {
            throw fault("the tensors end at byte " + end + " of the data (expected: " + data.byteSize()
                    + ", the end of the file)");
        }
        return tensors;
    }

    private long sizeBytes(Entry entry) {
        try {
            long elementCount = 1;
            for (long size : entry.shape) {
                elementCount = Math.multiplyExact(elementCount, size);
            }
            return entry.dtype.sizeBytes(elementCount);
        } catch (ArithmeticException e) {
            throw new ModelException(path + ": " + tensor(entry.name) + "shape: found "
                    + Arrays.toString(entry.shape) + " of " + entry.dtype
                    + " (expected: a whole number of bytes, fewer than 2^63)", e);
        }
    }

    private ModelException missing(String name, String key) {
        return fault(name, "found no \"" + key + "\" (expected: dtype, shape and data_offsets)");
    }

    private static String tensor(String name) {
        return "tensor \"" + Messages.printable(name) + "\": ";
    }

    private ModelException fault(String name, String message) {
        return fault(tensor(name) + message);
    }

    private ModelException fault(String message) {
        return new ModelException(path + ": " + message);
    }

    private ModelException fault(String message, JsonException cause) {
        return new ModelException(path + ": " + message, cause);
    }

    /** A tensor's entry in the header; begin and end are byte offsets in the data. */
    private record Entry(String name, DType dtype, long[] shape, long begin, long end) {}
}
