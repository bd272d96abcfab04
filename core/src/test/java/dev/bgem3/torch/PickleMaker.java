package dev.bgem3.torch;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Builds pickles for tests opcode by opcode, with the arguments that the specification gives. */
final class PickleMaker {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /** Returns the pickle so far. */
    byte[] bytes() {
        return out.toByteArray();
    }

    /** Adds raw bytes, each given as an int or a char. */
    PickleMaker raw(int... bytes) {
        for (int b : bytes) {
            out.write(b);
        }
        return this;
    }

    /** Adds PROTO 2. */
    PickleMaker proto() {
        return raw(0x80, 2);
    }

    /** Adds BINUNICODE. */
    PickleMaker text(String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        raw('X').little(4, bytes.length);
        out.writeBytes(bytes);
        return this;
    }

    /** Adds GLOBAL. */
    PickleMaker global(String module, String name) {
        raw('c');
        out.writeBytes((module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
        return this;
    }

    /** Adds BININT if the value fits, otherwise LONG1 of eight bytes. */
    PickleMaker integer(long value) {
        return value == (int) value ? raw('J').little(4, value) : raw(0x8a, 8).little(8, value);
    }

    /** Adds MARK, integers and TUPLE. */
    PickleMaker integers(long... values) {
        raw('(');
        for (long value : values) {
            integer(value);
        }
        return raw('t');
    }

    /** Adds a call of OrderedDict without arguments. */
    PickleMaker orderedDict() {
        return global("collections", "OrderedDict").raw(')', 'R');
    }

    /** Adds the persistent id of a storage and resolves it. */
    PickleMaker storage(String type, String key, long count) {
        return raw('(').text("storage").global("torch", type).text(key).text("cpu").integer(count).raw('t',
                'Q');
    }

    /** Adds a tensor on a storage that {@link #storage} adds. */
    PickleMaker tensor(String type, String key, long count, long offset, long[] size, long[] stride) {
        return global("torch._utils", "_rebuild_tensor_v2").raw('(').storage(type, key, count).integer(offset)
                .integers(size).integers(stride).raw(0x89).orderedDict().raw('t', 'R');
    }

    /** Returns a pickle of a dict with one tensor {@code w}. */
    static byte[] single(String type, long count, long offset, long[] size, long[] stride) {
        return new PickleMaker().proto().raw('}').text("w").tensor(type, "0", count, offset, size, stride)
                .raw('s', '.')
                .bytes();
    }

    private PickleMaker little(int length, long value) {
        byte[] bytes = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
        out.write(bytes, 0, length);
        return this;
    }
}
