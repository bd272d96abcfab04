package dev.bgem3.torch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/** Builds zip files of stored entries for tests by the specification, with zip64 fields if needed. */
final class ZipMaker {
    private record Entry(String name, long size, byte[] tail) {}

    private final List<Entry> entries = new ArrayList<>();

    /** Adds an entry with these bytes. */
    ZipMaker add(String name, byte[] bytes) {
        return addSparse(name, bytes.length, bytes);
    }

    /** Adds an entry of {@code size} bytes: a hole, which takes no disk space, and then {@code tail}. */
    ZipMaker addSparse(String name, long size, byte[] tail) {
        entries.add(new Entry(name, size, tail));
        return this;
    }

    /** Returns a small file as bytes. */
    byte[] toBytes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteBuffer directory = newDirectory();
        for (Entry entry : entries) {
            directoryEntry(directory, entry, out.size());
            out.writeBytes(bytes(localHeader(entry)));
            out.writeBytes(new byte[(int) entry.size - entry.tail.length]);
            out.writeBytes(entry.tail);
        }
        int offset = out.size();
        out.writeBytes(bytes(directory.flip()));
        out.writeBytes(bytes(end(offset, out.size())));
        return out.toByteArray();
    }

    /** Writes the file with the holes of its entries. */
    void writeTo(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW,
                StandardOpenOption.WRITE,
                StandardOpenOption.SPARSE)) {
            ByteBuffer directory = newDirectory();
            for (Entry entry : entries) {
                directoryEntry(directory, entry, channel.position());
                channel.write(localHeader(entry));
                channel.position(channel.position() + entry.size - entry.tail.length);
                channel.write(ByteBuffer.wrap(entry.tail));
            }
            long offset = channel.position();
            channel.write(directory.flip());
            channel.write(end(offset, channel.position()));
        }
    }

    private static ByteBuffer newDirectory() {
        return ByteBuffer.allocate(1 << 12).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private static ByteBuffer localHeader(Entry entry) {
        byte[] name = entry.name.getBytes(StandardCharsets.UTF_8);
        ByteBuffer header = ByteBuffer.allocate(200 + name.length).order(ByteOrder.LITTLE_ENDIAN);
        header.putInt(0x04034b50).putShort((short) 45).putShort((short) 0).putShort((short) 0).putInt(0)
                .putInt((int) crc(entry)).putInt(narrow(entry.size)).putInt(narrow(entry.size))
                .putShort((short) name.length).putShort((short) (entry.size >= 0xffffffffL ? 20 : 0))
                .put(name);
        if (entry.size >= 0xffffffffL) {
            header.putShort((short) 1).putShort((short) 16).putLong(entry.size).putLong(entry.size);
        }
        return header.flip();
    }

    private static void directoryEntry(ByteBuffer out, Entry entry, long offset) {
        byte[] name = entry.name.getBytes(StandardCharsets.UTF_8);
        int wide = (entry.size >= 0xffffffffL ? 16 : 0) + (offset >= 0xffffffffL ? 8 : 0);
        out.putInt(0x02014b50).putShort((short) 45).putShort((short) 45).putShort((short) 0)
                .putShort((short) 0)
                .putInt(0).putInt((int) crc(entry)).putInt(narrow(entry.size)).putInt(narrow(entry.size))
                .putShort((short) name.length).putShort((short) (wide > 0 ? 4 + wide : 0)).putShort((short) 0)
                .putShort((short) 0).putShort((short) 0).putInt(0).putInt(narrow(offset)).put(name);
        if (wide > 0) {
            out.putShort((short) 1).putShort((short) wide);
        }
        if (entry.size >= 0xffffffffL) {
            out.putLong(entry.size).putLong(entry.size);
        }
        if (offset >= 0xffffffffL) {
            out.putLong(offset);
        }
    }

    private ByteBuffer end(long directoryOffset, long directoryEnd) {
        ByteBuffer out = ByteBuffer.allocate(200).order(ByteOrder.LITTLE_ENDIAN);
        long size = directoryEnd - directoryOffset;
        if (directoryOffset >= 0xffffffffL) {
            out.putInt(0x06064b50).putLong(44).putShort((short) 45).putShort((short) 45).putInt(0).putInt(0)
                    .putLong(entries.size()).putLong(entries.size()).putLong(size).putLong(directoryOffset);
            out.putInt(0x07064b50).putInt(0).putLong(directoryEnd).putInt(1);
        }
        out.putInt(0x06054b50).putShort((short) 0).putShort((short) 0).putShort((short) entries.size())
                .putShort((short) entries.size()).putInt((int) size).putInt(narrow(directoryOffset))
                .putShort((short) 0);
        return out.flip();
    }

    private static int narrow(long value) {
        return (int) Math.min(value, 0xffffffffL);
    }

    /** Returns the CRC of an entry without a hole; those of other entries are never read. */
    private static long crc(Entry entry) {
        CRC32 crc = new CRC32();
        crc.update(entry.tail);
        return crc.getValue();
    }
}
