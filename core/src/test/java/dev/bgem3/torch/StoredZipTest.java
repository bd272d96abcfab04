package dev.bgem3.torch;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bgem3.error.ModelException;
import dev.bgem3.weights.MappedFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The tests damage a file with one entry {@code a} of three bytes: header at 0, data at 31, directory at 34,
 * end record at 81.
 */
class StoredZipTest {
    private static final int DIRECTORY = 34;
    private static final int END = 81;

    @TempDir
    Path folder;

    private static ByteBuffer single() {
        return ByteBuffer.wrap(new ZipMaker().add("a", new byte[]{7, 8, 9}).toBytes())
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    private void refuses(ByteBuffer bytes, String message) throws IOException {
        Path path = Files.write(folder.resolve("w.zip"), bytes.array());
        try (MappedFile file = MappedFile.open(path)) {
            assertThatThrownBy(() -> new StoredZip(path, file.bytes()).bytes("a"))
                    .isInstanceOf(ModelException.class)
                    .hasMessage(path + ": " + message);
        }
    }

    @Test
    void findsEntriesAndTheirBytes() throws IOException {
        Path path = folder.resolve("w.zip");
        new ZipMaker().add("a", new byte[]{7}).add("é/b", new byte[0]).add("c", new byte[]{1, 2})
                .writeTo(path);
        try (MappedFile file = MappedFile.open(path)) {
            StoredZip zip = new StoredZip(path, file.bytes());
            assertThat(zip.names()).containsExactly("a", "é/b", "c");
            assertThat(zip.bytes("a").toArray(JAVA_BYTE)).containsExactly(7);
            assertThat(zip.bytes("é/b").byteSize()).isZero();
            assertThat(zip.bytes("c").toArray(JAVA_BYTE)).containsExactly(1, 2);
        }
    }

    @Test
    void findsTheDirectoryBeforeAComment() throws IOException {
        ByteBuffer plain = single();
        byte[] bytes = java.util.Arrays.copyOf(plain.array(), plain.capacity() + 5);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putShort(END + 20, (short) 5);
        Path path = Files.write(folder.resolve("w.zip"), bytes);
        try (MappedFile file = MappedFile.open(path)) {
            assertThat(new StoredZip(path, file.bytes()).bytes("a").toArray(JAVA_BYTE)).containsExactly(7, 8,
                    9);
        }
    }

    @Test
    void refusesADirectoryOutOfBounds() throws IOException {
        refuses(single().putInt(END + 16, 35),
                "zip directory: found 47 bytes at 35 (expected: an end before its end record at 81)");
        refuses(single().putInt(END + 12, 48),
                "zip directory: found 48 bytes at 34 (expected: an end before its end record at 81)");
        refuses(single().putInt(END + 16, -1),
                "zip directory: found 47 bytes at 4294967295 (expected: an end before its end record at 81)");
    }

    @Test
    void refusesADirectoryWithAnotherNumberOfEntries() throws IOException {
        refuses(single().putShort(END + 10, (short) 2),
                "zip directory: found no entry 1 at 81 (expected: 2 entries up to 81)");
        refuses(single().putShort(END + 10, (short) 0),
                "zip directory: found 0 entries to end at 34 (expected: 81)");
    }

    @Test
    void refusesAnEntryLongerThanTheDirectory() throws IOException {
        refuses(single().putShort(DIRECTORY + 28, (short) -1),
                "zip directory: found entry 0 to end at 65615 (expected: at most 81)");
    }

    @Test
    void refusesARepeatedName() throws IOException {
        ByteBuffer bytes = ByteBuffer
                .wrap(new ZipMaker().add("a", new byte[0]).add("a", new byte[0]).toBytes());
        refuses(bytes, "zip directory: found entry \"a\" again (expected: each name once)");
    }

    @Test
    void refusesAnEntryOutOfBounds() throws IOException {
        refuses(single().putInt(DIRECTORY + 42, 5),
                "entry \"a\": found its header at 5 (expected: before the directory at 34)");
        refuses(single().putInt(DIRECTORY + 20, 4).putInt(DIRECTORY + 24, 4),
                "entry \"a\": found 4 bytes from 31 (expected: an end before the directory at 34)");
        refuses(single().putInt(DIRECTORY + 20, -1).putInt(DIRECTORY + 24, -1),
                "entry \"a\": found 4294967295 bytes from 31 (expected: an end before the directory at 34)");
        refuses(single().putShort(28, (short) 4),
                "entry \"a\": found 3 bytes from 35 (expected: an end before the directory at 34)");
    }

    @Test
    void refusesAnEntryWhoseHeaderContradictsTheDirectory() throws IOException {
        String message = "entry \"a\": found another header at 0 than the directory says";
        refuses(single().put(0, (byte) 0), message);
        refuses(single().putShort(8, (short) 8), message);
        refuses(single().put(30, (byte) 'b'), message);
    }

    @Test
    void refusesEncryptedEntries() throws IOException {
        refuses(single().putShort(DIRECTORY + 8, (short) 1),
                "entry \"a\": found it encrypted (expected: plain)");
    }

    @Test
    void refusesZip64RecordsOutOfBounds() throws IOException {
        // A zip64 end record at 0, its locator at 56 and the old end record at 76.
        ByteBuffer bytes = ByteBuffer.allocate(98).order(ByteOrder.LITTLE_ENDIAN).putInt(0, 0x06064b50)
                .putInt(56, 0x07064b50).putInt(76, 0x06054b50);
        refuses(bytes.putLong(56 + 8, 1),
                "zip64: found no end record at 1, where its locator says (expected: one)");
        refuses(bytes.putLong(56 + 8, -1),
                "zip64: found no end record at 18446744073709551615, where its locator says (expected: one)");
        refuses(bytes.putLong(56 + 8, 0).putLong(32, Long.MAX_VALUE),
                "zip directory: found 9223372036854775807 entries in 0 bytes"
                        + " (expected: at most 262144 in 67108864)");
        refuses(bytes.putLong(32, 0).putLong(48, Long.MIN_VALUE), "zip directory: found 0 bytes at"
                + " 9223372036854775808 (expected: an end before its end record at 0)");
    }
}
