package dev.bgem3.app.stream;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.zip.GZIPInputStream;

/**
 * Reads lines of strict UTF-8 that end with LF or CR LF; the last line may lack its terminator.
 *
 * <p>
 * A byte order mark before the first line is skipped. After an invalid line the next call continues with the
 * next line, so the caller may skip it. The maximum length of a line limits the memory.
 */
public final class LineReader implements Closeable {
    /** The maximum length of a line: 64 MiB. */
    public static final int MAX_LINE_BYTES = 64 << 20;
    /** The end of the names of files that are inflated. */
    public static final String GZIP = ".gz";
    private static final int CHUNK = 1 << 16;
    static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    private final String name;
    private final String unit;
    private final InputStream in;
    private final OptionalLong sizeBytes;
    private final int maxLineBytes;
    private final byte[] chunk = new byte[CHUNK];
    private int chunkFrom;
    private int chunkTo;
    private byte[] line = new byte[256];
    private int lineLength;
    private long lineNumber;
    private long bytesRead;
    private boolean inLongLine;

    LineReader(String name, InputStream in, OptionalLong sizeBytes, int maxLineBytes) {
        this(name, "line", in, sizeBytes, maxLineBytes);
    }

    private LineReader(String name, String unit, InputStream in, OptionalLong sizeBytes, int maxLineBytes) {
        this.name = name;
        this.unit = unit;
        this.in = in;
        this.sizeBytes = sizeBytes;
        this.maxLineBytes = maxLineBytes;
    }

    /**
     * Opens a file, or standard input for {@code -}. A file whose name ends in {@code .gz}, in any letter
     * case, is inflated.
     *
     * @param arrays
     *            whether a file that begins with {@code [} is a JSON array, each element of which counts as a
     *            line
     * @throws StreamException
     *             if it cannot be opened, or is not a valid file name
     */
    public static LineReader open(String file, boolean arrays, Streams streams) {
        if (file.equals("-")) {
            return new LineReader("standard input", notOurs(streams.in()), OptionalLong.empty(),
                    MAX_LINE_BYTES);
        }
        Path path = Streams.path(file);
        if (Files.isDirectory(path)) {
            throw new StreamException(file + ": is a folder (expected: a file)");
        }
        InputStream in = null;
        boolean opened = false;
        try {
            in = Files.newInputStream(path);
            OptionalLong size = Files.isRegularFile(path)
                    ? OptionalLong.of(Files.size(path))
                    : OptionalLong.empty();
            LineReader reader = open(file, in, size, arrays);
            opened = true;
            return reader;
        } catch (IOException e) {
            throw new StreamException(file + ": cannot be read: " + IoFault.reason(e), e);
        } finally {
            if (!opened) {
                closeQuietly(in);
            }
        }
    }

    /** The size is unknown if lines have another than the file, so that progress is counted in texts. */
    private static LineReader open(String file, InputStream raw, OptionalLong size, boolean arrays)
            throws IOException {
        boolean zipped = file.toLowerCase(Locale.ROOT).endsWith(GZIP);
        InputStream in = zipped ? new GZIPInputStream(raw, CHUNK) : raw;
        OptionalLong known = zipped ? OptionalLong.empty() : size;
        if (!arrays) {
            return new LineReader(file, in, known, MAX_LINE_BYTES);
        }
        JsonArrayStream.Opened json = JsonArrayStream.open(new BufferedInputStream(in, CHUNK));
        return json.isArray()
                ? new LineReader(file, "element", json.in(), OptionalLong.empty(), MAX_LINE_BYTES)
                : new LineReader(file, json.in(), known, MAX_LINE_BYTES);
    }

    private static void closeQuietly(InputStream in) {
        try {
            if (in != null) {
                in.close();
            }
        } catch (IOException _) {
            // The failure to open it is reported.
        }
    }

    /** Returns a stream whose {@code close} does nothing: standard input stays open for others. */
    private static InputStream notOurs(InputStream in) {
        return new FilterInputStream(in) {
            @Override
            public void close() {}
        };
    }

    /** Returns the name of the line that {@link #next()} last returned or rejected, for messages. */
    public String place() {
        return name + ", " + unit + " " + lineNumber;
    }

    /** Returns the size of the input, if known. */
    public OptionalLong sizeBytes() {
        return sizeBytes;
    }

    /** Returns the number of bytes in the lines read so far. */
    public long bytesRead() {
        return bytesRead;
    }

    /** Returns the number, from 1, of the line that {@link #next()} last returned or rejected. */
    public long lineNumber() {
        return lineNumber;
    }

    /**
     * Returns the next line without its terminator, or null after the last line.
     *
     * @throws LineFaultException
     *             if the line is too long or not UTF-8
     * @throws StreamException
     *             if reading fails
     */
    public String next() throws LineFaultException {
        if (inLongLine) {
            skipRestOfLine();
        }
        lineLength = 0;
        boolean ended = false;
        boolean any = false;
        while (!ended && (chunkFrom < chunkTo || fill())) {
            any = true;
            int end = lineEnd();
            if (!append(chunkFrom, end)) {
                // Report it now: the rest of the line may never end, as in /dev/zero.
                inLongLine = true;
                lineNumber++;
                line = new byte[256];
                throw new LineFaultException("longer than " + maxLineBytes + " bytes");
            }
            ended = end < chunkTo;
            pass(end);
        }
        if (!any || lineNumber == 0 && !ended && lineLength == BYTE_ORDER_MARK.length && startsWithMark()) {
            return null;
        }
        lineNumber++;
        if (ended && lineLength > 0 && line[lineLength - 1] == '\r') {
            lineLength--;
        }
        return decode();
    }

    /** Returns whether {@link #next()} can read without blocking, or true if the system does not tell. */
    public boolean isReady() {
        if (lineEnd() < chunkTo) {
            return true;
        }
        try {
            return in.available() > 0;
        } catch (IOException _) {
            // Files of some kinds, such as named pipes, do not tell.
            return true;
        }
    }

    private void skipRestOfLine() {
        while (inLongLine && (chunkFrom < chunkTo || fill())) {
            int end = lineEnd();
            inLongLine = end == chunkTo;
            pass(end);
        }
    }

    /** Returns the index of the chunk's next LF, or the end of the chunk. */
    private int lineEnd() {
        int end = chunkFrom;
        while (end < chunkTo && chunk[end] != '\n') {
            end++;
        }
        return end;
    }

    /** Moves past the LF at {@code end}, or to the end of the chunk. */
    private void pass(int end) {
        int next = Math.min(end + 1, chunkTo);
        bytesRead += next - chunkFrom;
        chunkFrom = next;
    }

    private boolean append(int from, int to) {
        int more = to - from;
        if (more > maxLineBytes - lineLength) {
            return false;
        }
        if (lineLength + more > line.length) {
            line = Arrays.copyOf(line, Math.min(maxLineBytes, Math.max(lineLength + more, line.length * 2)));
        }
        System.arraycopy(chunk, from, line, lineLength, more);
        lineLength += more;
        return true;
    }

    private boolean fill() {
        try {
            chunkFrom = 0;
            chunkTo = Math.max(0, in.read(chunk));
            return chunkTo > 0;
        } catch (IOException e) {
            throw new StreamException(name + ": cannot be read: " + IoFault.reason(e), e);
        }
    }

    private String decode() throws LineFaultException {
        int from = lineNumber == 1 && startsWithMark() ? BYTE_ORDER_MARK.length : 0;
        ByteBuffer bytes = ByteBuffer.wrap(line, from, lineLength - from);
        try {
            return StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT)
                    .decode(bytes)
                    .toString();
        } catch (CharacterCodingException _) {
            int at = bytes.position();
            throw new LineFaultException(
                    String.format(Locale.ROOT, "not UTF-8: byte 0x%02X at offset %d", line[at], at));
        }
    }

    private boolean startsWithMark() {
        return lineLength >= BYTE_ORDER_MARK.length && Arrays.equals(line, 0, BYTE_ORDER_MARK.length,
                BYTE_ORDER_MARK, 0, BYTE_ORDER_MARK.length);
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            throw new StreamException(name + ": cannot be closed: " + IoFault.reason(e), e);
        }
    }
}
