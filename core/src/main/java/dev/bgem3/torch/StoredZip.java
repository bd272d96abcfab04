package dev.bgem3.torch;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.bgem3.error.ModelException;
import dev.bgem3.text.Messages;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Set;
import java.util.SequencedMap;

/**
 * The stored, uncompressed entries of a zip file (with or without zip64), as slices of its mapping. The
 * constructor reads the central directory; {@link #bytes} checks an entry's own header against it.
 */
final class StoredZip {
    private static final ValueLayout.OfShort SHORT = JAVA_SHORT_UNALIGNED.withOrder(LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = JAVA_LONG_UNALIGNED.withOrder(LITTLE_ENDIAN);

    // APPNOTE 4.3.7, 4.3.12, 4.3.14, 4.3.15, 4.3.16: signatures and the fixed part of each record.
    static final int LOCAL_SIGNATURE = 0x04034b50;
    private static final int LOCAL_BYTES = 30;
    private static final int CENTRAL_SIGNATURE = 0x02014b50;
    private static final int CENTRAL_BYTES = 46;
    private static final int END64_SIGNATURE = 0x06064b50;
    private static final int END64_BYTES = 56;
    private static final int LOCATOR_SIGNATURE = 0x07064b50;
    private static final int LOCATOR_BYTES = 20;
    private static final int END_SIGNATURE = 0x06054b50;
    private static final int END_BYTES = 22;
    private static final int MAX_COMMENT_BYTES = 0xffff;
    /** A 32-bit field with this value is in the zip64 extra field instead. */
    private static final long IN_ZIP64 = 0xffffffffL;
    private static final int ZIP64_EXTRA = 1;

    // Limits on the memory that a hostile directory can use, hundreds of times what a model needs.
    private static final long MAX_ENTRIES = 1 << 18;
    private static final long MAX_DIRECTORY_BYTES = 64 << 20;

    private final Path path;
    private final MemorySegment bytes;
    private final SequencedMap<String, Entry> entries = new LinkedHashMap<>();
    private long directoryOffset;

    /**
     * Reads the directory of a file.
     *
     * @throws ModelException
     *             if there is none or it is malformed
     */
    StoredZip(Path path, MemorySegment bytes) {
        this.path = path;
        this.bytes = bytes;
        readDirectory();
    }

    /** Returns the names of the entries in the order of the directory. */
    Set<String> names() {
        return entries.sequencedKeySet();
    }

    /** Returns the CRC-32 of an existing entry, as the directory gives it. */
    long crc(String name) {
        return entries.get(name).crc;
    }

    /**
     * Returns the bytes of an existing entry.
     *
     * @throws ModelException
     *             if it is compressed or encrypted, or its own header is out of bounds or contradicts the
     *             directory
     */
    MemorySegment bytes(String name) {
        Entry entry = entries.get(name);
        if ((entry.flags & 1) != 0) {
            throw fault("entry \"" + Messages.printable(name) + "\": found it encrypted (expected: plain)");
        }
        if (entry.method != 0 || entry.compressedSize != entry.size) {
            throw fault("entry \"" + Messages.printable(name) + "\": found it compressed by method "
                    + entry.method
                    + " (expected: stored, as torch.save writes it)");
        }
        if (entry.offset < 0 || entry.offset > directoryOffset - LOCAL_BYTES) {
            throw fault("entry \"" + Messages.printable(name) + "\": found its header at "
                    + Long.toUnsignedString(entry.offset)
                    + " (expected: before the directory at " + directoryOffset + ")");
        }
        long nameBytes = unsignedShort(entry.offset + 26);
        long extraBytes = unsignedShort(entry.offset + 28);
        long start = entry.offset + LOCAL_BYTES + nameBytes + extraBytes;
        if (start > directoryOffset || entry.size < 0 || entry.size > directoryOffset - start) {
            throw fault(
                    "entry \"" + Messages.printable(name) + "\": found " + Long.toUnsignedString(entry.size)
                            + " bytes from "
                            + start + " (expected: an end before the directory at " + directoryOffset + ")");
        }
        if (bytes.get(INT, entry.offset) != LOCAL_SIGNATURE || unsignedShort(entry.offset + 8) != entry.method
                || !text(entry.offset + LOCAL_BYTES, nameBytes).equals(name)) {
            throw fault("entry \"" + Messages.printable(name) + "\": found another header at " + entry.offset
                    + " than the directory says");
        }
        return bytes.asSlice(start, entry.size);
    }

    private void readDirectory() {
        long end = findEnd();
        long count = unsignedShort(end + 10);
        long size = unsignedInt(end + 12);
        long offset = unsignedInt(end + 16);
        long limit = end;
        long locator = end - LOCATOR_BYTES;
        if (locator >= 0 && bytes.get(INT, locator) == LOCATOR_SIGNATURE) {
            limit = bytes.get(LONG, locator + 8);
            if (limit < 0 || limit > locator - END64_BYTES || bytes.get(INT, limit) != END64_SIGNATURE) {
                throw fault("zip64: found no end record at " + Long.toUnsignedString(limit)
                        + ", where its locator says (expected: one)");
            }
            count = bytes.get(LONG, limit + 32);
            size = bytes.get(LONG, limit + 40);
            offset = bytes.get(LONG, limit + 48);
        }
        if (offset < 0 || size < 0 || offset > limit || size > limit - offset) {
            throw fault("zip directory: found " + Long.toUnsignedString(size) + " bytes at "
                    + Long.toUnsignedString(offset) + " (expected: an end before its end record at " + limit
                    + ")");
        }
        if (count < 0 || count > MAX_ENTRIES || size > MAX_DIRECTORY_BYTES) {
            throw fault("zip directory: found " + Long.toUnsignedString(count) + " entries in " + size
                    + " bytes (expected: at most " + MAX_ENTRIES + " in " + MAX_DIRECTORY_BYTES + ")");
        }
        directoryOffset = offset;
        readEntries(count, offset, offset + size);
    }

    /** Returns the offset of the end record: the last one whose comment fills the rest of the file. */
    private long findEnd() {
        long last = bytes.byteSize() - END_BYTES;
        for (long at = last; at >= Math.max(0, last - MAX_COMMENT_BYTES); at--) {
            if (bytes.get(INT, at) == END_SIGNATURE && unsignedShort(at + 20) == last - at) {
                return at;
            }
        }
        throw fault("found no end of a zip directory (expected: a whole zip file as torch.save writes it;"
                + " the file may be truncated)");
    }

    private void readEntries(long count, long start, long end) {
        long at = start;
        for (long i = 0; i < count; i++) {
            if (at > end - CENTRAL_BYTES || bytes.get(INT, at) != CENTRAL_SIGNATURE) {
                throw fault("zip directory: found no entry " + i + " at " + at + " (expected: " + count
                        + " entries up to " + end + ")");
            }
            long nameBytes = unsignedShort(at + 28);
            long extraBytes = unsignedShort(at + 30);
            long next = at + CENTRAL_BYTES + nameBytes + extraBytes + unsignedShort(at + 32);
            if (next > end) {
                throw fault("zip directory: found entry " + i + " to end at " + next + " (expected: at most "
                        + end + ")");
            }
            String name = text(at + CENTRAL_BYTES, nameBytes);
            if (entries.putIfAbsent(name, entry(at, at + CENTRAL_BYTES + nameBytes, extraBytes)) != null) {
                throw fault("zip directory: found entry \"" + Messages.printable(name)
                        + "\" again (expected: each name once)");
            }
            at = next;
        }
        if (at != end) {
            throw fault("zip directory: found " + count + " entries to end at " + at + " (expected: " + end
                    + ")");
        }
    }

    private Entry entry(long at, long extraStart, long extraBytes) {
        long compressedSize = unsignedInt(at + 20);
        long size = unsignedInt(at + 24);
        long offset = unsignedInt(at + 42);
        long extra = zip64Extra(extraStart, extraStart + extraBytes);
        long extraEnd = extra + (extra == extraStart + extraBytes ? 0 : unsignedShort(extra - 2));
        // APPNOTE 4.5.3: the extra field contains those fields that do not fit, in this order.
        if (size == IN_ZIP64 && extra <= extraEnd - Long.BYTES) {
            size = bytes.get(LONG, extra);
            extra += Long.BYTES;
        }
        if (compressedSize == IN_ZIP64 && extra <= extraEnd - Long.BYTES) {
            compressedSize = bytes.get(LONG, extra);
            extra += Long.BYTES;
        }
        if (offset == IN_ZIP64 && extra <= extraEnd - Long.BYTES) {
            offset = bytes.get(LONG, extra);
        }
        return new Entry(unsignedShort(at + 8), unsignedShort(at + 10), unsignedInt(at + 16), compressedSize,
                size,
                offset);
    }

    /** Returns the offset of the zip64 extra field's content, or {@code end} if there is none. */
    private long zip64Extra(long start, long end) {
        long at = start;
        while (at <= end - 4) {
            long length = unsignedShort(at + 2);
            if (length > end - at - 4) {
                break;
            }
            if (unsignedShort(at) == ZIP64_EXTRA && length > 0) {
                return at + 4;
            }
            at += 4 + length;
        }
        return end;
    }

    private int unsignedShort(long at) {
        return Short.toUnsignedInt(bytes.get(SHORT, at));
    }

    private long unsignedInt(long at) {
        return Integer.toUnsignedLong(bytes.get(INT, at));
    }

    private String text(long at, long length) {
        return new String(bytes.asSlice(at, length).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
    }

    private ModelException fault(String message) {
        return new ModelException(path + ": " + message);
    }

    private record Entry(int flags, int method, long crc, long compressedSize, long size, long offset) {}
}
