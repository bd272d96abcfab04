package dev.bgem3.app.stream;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;

/**
 * Reads a JSON array as one line per element. It only looks for the ends of elements; whoever parses a line
 * finds what else is wrong with it. What cannot be an element, such as a second comma, is a line that is not
 * JSON.
 */
final class JsonArrayStream extends InputStream {
    /** The most white space before an array. */
    private static final int MAX_BLANK = 1 << 16;
    private static final int CHUNK = 1 << 16;
    private static final int END = -1;

    private final InputStream in;
    private final byte[] chunk = new byte[CHUNK];
    /** At most two bytes for each one that is read. */
    private final byte[] out = new byte[2 * CHUNK];
    private int outFrom;
    private int outTo;

    private int depth;
    private boolean inString;
    private boolean escaped;
    /** Whether the current element has begun. */
    private boolean begun;
    private boolean afterComma;
    private boolean ended;

    /** The input to read on from: the array's elements, or the input itself if it is no array. */
    record Opened(InputStream in, boolean isArray) {}

    private JsonArrayStream(InputStream in) {
        this.in = in;
    }

    /** Reads up to the first byte that is not white space, after a byte order mark if there is one. */
    static Opened open(InputStream in) throws IOException {
        ByteArrayOutputStream before = new ByteArrayOutputStream();
        int next = in.read();
        for (int i = 0; i < LineReader.BYTE_ORDER_MARK.length
                && (byte) next == LineReader.BYTE_ORDER_MARK[i]; i++) {
            before.write(next);
            next = in.read();
        }
        while (isBlank(next) && before.size() < MAX_BLANK) {
            before.write(next);
            next = in.read();
        }
        if (next == '[') {
            return new Opened(new JsonArrayStream(in), true);
        }
        if (next != END) {
            before.write(next);
        }
        return new Opened(new SequenceInputStream(new ByteArrayInputStream(before.toByteArray()), in), false);
    }

    private static boolean isBlank(int value) {
        return value == ' ' || value == '\t' || value == '\n' || value == '\r';
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) == END ? END : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int from, int count) throws IOException {
        while (outFrom == outTo) {
            if (!convert()) {
                return END;
            }
        }
        int copied = Math.min(count, outTo - outFrom);
        System.arraycopy(out, outFrom, bytes, from, copied);
        outFrom += copied;
        return copied;
    }

    @Override
    public int available() throws IOException {
        return outTo - outFrom + in.available();
    }

    private boolean convert() throws IOException {
        int count = in.read(chunk);
        if (count <= 0) {
            if (!ended) {
                throw new IOException("the JSON array has no end (expected: ])");
            }
            return false;
        }
        outFrom = 0;
        outTo = 0;
        for (int i = 0; i < count; i++) {
            convert(chunk[i]);
        }
        return true;
    }

    private void convert(byte value) {
        if (inString) {
            // A line break in a string is an error, which a carriage return is too.
            put(value == '\n' ? (byte) '\r' : value);
            inString = escaped || value != '"';
            escaped = !escaped && value == '\\';
        } else if (isBlank(value)) {
            if (begun) {
                put((byte) ' ');
            }
        } else if (ended) {
            if (!begun) {
                put((byte) ']');
            }
            element(value);
        } else if (depth == 0 && (value == ',' || value == ']')) {
            endElement(value);
        } else {
            element(value);
        }
    }

    private void element(byte value) {
        begun = true;
        inString = value == '"';
        if (value == '{' || value == '[') {
            depth++;
        } else if ((value == '}' || value == ']') && depth > 0) {
            depth--;
        }
        put(value);
    }

    private void endElement(byte value) {
        if (!begun && (value == ',' || afterComma)) {
            put((byte) ',');
            begun = true;
        }
        if (begun) {
            put((byte) '\n');
        }
        begun = false;
        afterComma = value == ',';
        ended = value == ']';
    }

    private void put(byte value) {
        out[outTo++] = value;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
