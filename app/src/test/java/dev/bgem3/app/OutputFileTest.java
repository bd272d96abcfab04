package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.app.CommandRunner.Result;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An output file is written only when all results are complete. */
class OutputFileTest {
    private static final String TINY = CommandRunner.TINY.toString();

    @TempDir
    private Path folder;

    @Test
    void hasTheContentOfStandardOutput() throws Exception {
        Path file = folder.resolve("out.jsonl");
        Result toFile = CommandRunner.runWithInput("a\nb", "encode", "--model", TINY, "--output",
                file.toString());
        assertThat(toFile.exitCode()).isZero();
        assertThat(toFile.out()).isEmpty();
        assertThat(Files.readString(file))
                .isEqualTo(CommandRunner.runWithInput("a\nb", "encode", "--model", TINY).out());
        assertThat(contents()).containsExactly("out.jsonl");
    }

    @Test
    void replacesAnExistingFileOnlyWhenComplete() throws Exception {
        Path file = Files.writeString(folder.resolve("out.jsonl"), "old");
        Result failed = CommandRunner.runWithInput("{\"text\": \"a\"}\nbad", "tokenize", "--jsonl", "--model",
                TINY,
                "--output", file.toString());
        assertThat(failed.exitCode()).isEqualTo(1);
        assertThat(Files.readString(file)).isEqualTo("old");
        assertThat(contents()).containsExactly("out.jsonl");
        Result done = CommandRunner.runWithInput("a", "tokenize", "--model", TINY, "--output",
                file.toString());
        assertThat(done.exitCode()).isZero();
        assertThat(Files.readString(file)).startsWith("{\"id\":0,");
    }

    @Test
    void keepsThePermissionsOfAnExistingFile() throws Exception {
        assumeTrue(folder.getFileSystem().supportedFileAttributeViews().contains("posix"),
                "this file system has no permissions");
        // With fewer permissions than a new file has, and with one that the umask would remove.
        for (String permissions : List.of("rw-------", "rw-rw-rw-", "rw-r-----")) {
            Path file = Files.writeString(folder.resolve("out.jsonl"), "old");
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
            Result result = CommandRunner.runWithInput("a", "tokenize", "--model", TINY, "--output",
                    file.toString());
            assertThat(result.exitCode()).as(result.err()).isZero();
            assertThat(Files.readString(file)).startsWith("{\"id\":0,");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo(permissions);
        }
    }

    @Test
    void keepsTheUserAttributesOfAnExistingFile() throws Exception {
        Path file = Files.writeString(folder.resolve("out.jsonl"), "old");
        assumeTrue(Files.getFileStore(file).supportsFileAttributeView(UserDefinedFileAttributeView.class),
                "this file system has no user attributes");
        UserDefinedFileAttributeView before = Files.getFileAttributeView(file,
                UserDefinedFileAttributeView.class);
        before.write("bgem3.test", ByteBuffer.wrap(new byte[]{1, 2, 3}));
        before.write("bgem3.empty", ByteBuffer.allocate(0));
        Object key = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        assertWrites(file);
        assertThat(Files.readAttributes(file, BasicFileAttributes.class).fileKey()).isNotEqualTo(key);
        UserDefinedFileAttributeView after = Files.getFileAttributeView(file,
                UserDefinedFileAttributeView.class);
        assertThat(after.list()).containsExactlyInAnyOrder("bgem3.test", "bgem3.empty");
        ByteBuffer value = ByteBuffer.allocate(4);
        assertThat(after.read("bgem3.test", value)).isEqualTo(3);
        assertThat(value.array()).startsWith(1, 2, 3);
    }

    @Test
    void writesAFileWithAnAccessControlListInPlace() throws Throwable {
        Path file = Files.writeString(folder.resolve("out.jsonl"), "old");
        assumeTrue(setAccessControlList(file, "access"), "this file system has no access control lists");
        Object key = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        Result result = CommandRunner.runWithInput("a", "tokenize", "--model", TINY, "--output",
                file.toString());
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.err()).isEqualTo("bgem3: " + file
                + ": will be written in place at the end: it has an access control list"
                + System.lineSeparator());
        assertThat(Files.readString(file)).startsWith("{\"id\":0,");
        assertThat(Files.readAttributes(file, BasicFileAttributes.class).fileKey()).isEqualTo(key);
        assertThat(contents()).containsExactly("out.jsonl");
    }

    /** The part gets the folder's list, whose named user could read it if it got the old permissions. */
    @Test
    void writesAFileInPlaceIfItsFolderGivesNewFilesAnAccessControlList() throws Throwable {
        Path file = Files.writeString(folder.resolve("out.jsonl"), "old");
        assumeTrue(setAccessControlList(folder, "default"), "this file system has no access control lists");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        Object key = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        Result result = CommandRunner.runWithInput("a", "tokenize", "--model", TINY, "--output",
                file.toString());
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.err()).isEqualTo("bgem3: " + file + ": will be written in place at the end: "
                + "a new file gets an access control list from its folder" + System.lineSeparator());
        assertThat(Files.readString(file)).startsWith("{\"id\":0,");
        assertThat(Files.readAttributes(file, BasicFileAttributes.class).fileKey()).isEqualTo(key);
        assertThat(contents()).containsExactly("out.jsonl");
    }

    /**
     * Lets one more user read the file, or new files of the folder; the layout is that of Linux's
     * posix_acl_xattr.h.
     */
    @SuppressWarnings("restricted")
    private static boolean setAccessControlList(Path file, String kind) throws Throwable {
        if (!System.getProperty("os.name").equals("Linux")) {
            return false;
        }
        ByteBuffer list = ByteBuffer.allocate(4 + 5 * 8).order(ByteOrder.LITTLE_ENDIAN).putInt(2);
        // Tag, permissions and id of the owner, a user, the group, the mask and others.
        int[][] entries = {{0x01, 6, -1}, {0x02, 4, 54321}, {0x04, 4, -1}, {0x10, 4, -1}, {0x20, 4, -1}};
        for (int[] entry : entries) {
            list.putShort((short) entry[0]).putShort((short) entry[1]).putInt(entry[2]);
        }
        try (Arena arena = Arena.ofConfined()) {
            Linker linker = Linker.nativeLinker();
            MethodHandle set = linker.downcallHandle(linker.defaultLookup().findOrThrow("setxattr"),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS,
                            ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
            return (int) set.invokeExact(arena.allocateFrom(file.toString()),
                    arena.allocateFrom("system.posix_acl_" + kind),
                    arena.allocateFrom(ValueLayout.JAVA_BYTE, list.array()), (long) list.capacity(), 0) == 0;
        }
    }

    @Test
    void leavesNothingIfTheWorkFails() throws Exception {
        for (String command : List.of("encode", "tokenize", "score")) {
            Result result = CommandRunner.runWithInput("bad", command, "--jsonl", "--model", TINY, "--output",
                    folder.resolve("out.jsonl").toString());
            assertThat(result.exitCode()).isEqualTo(1);
            assertThat(contents()).isEmpty();
        }
    }

    @Test
    void mayReplaceTheInput() throws Exception {
        Path file = Files.writeString(folder.resolve("lines.txt"), "a\nb\n");
        Result result = CommandRunner.run("tokenize", "--model", TINY, "--input", file.toString(), "--output",
                file.toString());
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(Files.readString(file)).hasLineCount(2).startsWith("{\"id\":0,");
    }

    @Test
    void writesToTheTargetOfALink() throws Exception {
        Path target = Files.writeString(folder.resolve("target"), "old");
        Path link = Files.createSymbolicLink(folder.resolve("link"), target);
        CommandRunner.runWithInput("a", "tokenize", "--model", TINY, "--output", link.toString());
        assertThat(link).isSymbolicLink();
        assertThat(Files.readString(target)).startsWith("{\"id\":0,");
    }

    @Test
    void createsTheTargetOfALink() throws Exception {
        Files.createDirectory(folder.resolve("results"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("other"));
        Files.createSymbolicLink(folder.resolve("other"), Path.of("results/new"));
        assertWrites(link);
        assertThat(link).isSymbolicLink();
        assertThat(folder.resolve("other")).isSymbolicLink();
        assertThat(folder.resolve("results/new")).isRegularFile();
        Path nowhere = Files.createSymbolicLink(folder.resolve("nowhere"), folder.resolve("no/file"));
        assertFails(nowhere, nowhere + ": cannot be written: no such folder: " + folder.resolve("no"));
        Path circle = Files.createSymbolicLink(folder.resolve("circle"), folder.resolve("circle"));
        Result result = CommandRunner.runWithInput("a", "tokenize", "--model", TINY, "--output",
                circle.toString());
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err())
                .startsWith("bgem3: " + circle + ": cannot be written: Too many levels of symbolic links");
    }

    @Test
    void refusesALinkToTheNameOfAFolder() throws Exception {
        Path link = folder.resolve("link");
        Files.writeString(folder.resolve("file"), "old");
        for (String target : List.of("missing", "file")) {
            // A path of Java's would lack the slash.
            assertThat(new ProcessBuilder("ln", "-sfn", target + "/", link.toString()).start().waitFor())
                    .isZero();
            assertFails(link, link + ": is a link to the name of a folder, " + target
                    + "/ (expected: a file to write)");
        }
        assertThat(folder.resolve("file")).hasContent("old");
        assertThat(contents()).containsExactlyInAnyOrder("file", "link");
    }

    /** The relative path is short enough, and so is the absolute one of the part. */
    @Test
    void refusesAPathThatIsTooLongBeforeLoadingTheModel() {
        String name = "a".repeat(200);
        int folderBytes = Path.of("").toAbsolutePath().toString().length() + 1;
        String output = "./".repeat((4100 - folderBytes - name.length()) / 2) + name;
        Result result = CommandRunner.run("encode", "--model", "nowhere", "--output", output);
        assertThat(result.exitCode()).as(result.err()).isEqualTo(2);
        assertThat(result.err()).startsWith("bgem3: --output: " + output + ": an absolute path of ")
                .contains(" bytes (expected: at most 4095)");
        assertThat(Path.of(name)).doesNotExist();
    }

    @Test
    void acceptsTheLongestNames() throws Exception {
        for (String name : List.of("a".repeat(255), "\u4e2d".repeat(85), "\ud83d\ude00".repeat(63))) {
            Path file = folder.resolve(name);
            assumeTrue(isName(file), "this file system has no names of 255 bytes");
            assertWrites(file);
        }
        Path tooLong = folder.resolve("a".repeat(256));
        assertFails(tooLong, tooLong + ": cannot be written: File name too long");
        assertThat(contents()).hasSize(3);
    }

    private static boolean isName(Path file) throws IOException {
        try {
            Files.delete(Files.createFile(file));
            return true;
        } catch (FileSystemException _) {
            return false;
        }
    }

    @Test
    void writesAFileWithHardLinksInPlace() throws Exception {
        for (String old : List.of("old", "old and longer than what comes ".repeat(9), "")) {
            Path file = Files.writeString(folder.resolve("out.jsonl"), old);
            Path other = Files.createLink(folder.resolve("other"), file);
            Result failed = CommandRunner.runWithInput("{\"text\": \"a\"}\nbad", "tokenize", "--jsonl",
                    "--model", TINY, "--output", file.toString());
            assertThat(failed.exitCode()).isEqualTo(1);
            assertThat(other).hasContent(old);
            Result done = CommandRunner.runWithInput("a", "tokenize", "--model", TINY, "--output",
                    file.toString());
            assertThat(done.exitCode()).isZero();
            assertThat(done.err()).isEqualTo("bgem3: " + file
                    + ": will be written in place at the end: it has 2 names (hard links)"
                    + System.lineSeparator());
            assertThat(Files.readString(other)).startsWith("{\"id\":0,").endsWith("}\n").hasLineCount(1);
            assertThat(file).hasSameTextualContentAs(other);
            assertThat(contents()).containsExactlyInAnyOrder("out.jsonl", "other");
            Files.delete(other);
        }
    }

    @Test
    void recognizesTheNameOfStandardOutput() {
        assumeTrue(Files.exists(Path.of("/dev/stdout")), "this system has no /dev/stdout");
        Result result = CommandRunner.runWithInput("a", "tokenize", "--model", TINY, "--output",
                "/dev/stdout");
        assertThat(result.out()).startsWith("{\"id\":0,");
    }

    @Test
    void saysWhyAFileCannotBeWritten() throws Exception {
        Path nowhere = folder.resolve("no/where.jsonl");
        assertFails(nowhere, nowhere + ": cannot be written: no such folder: " + nowhere.getParent());
        assertFails(folder, folder + ": is a folder (expected: a file to write)");
        Path below = Files.writeString(folder.resolve("file"), "").resolve("out");
        assertFails(below, below + ": cannot be written: no such folder: " + below.getParent());
        Result result = CommandRunner.runWithInput("a", "tokenize", "--model", TINY, "--output", "a\0b");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).startsWith("bgem3: a\0b: not a file name: ").hasLineCount(1);
    }

    @Test
    void reportsAFullDisk() throws Exception {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.exists(full), "this system has no /dev/full");
        assertFails(full, full + ": cannot be written: No space left on device");
    }

    @Test
    void writesDirectlyToWhatIsNotARegularFile() throws Exception {
        Path nothing = Path.of("/dev/null");
        assumeTrue(Files.exists(nothing), "this system has no /dev/null");
        Result result = CommandRunner.runWithInput("a", "tokenize", "--model", TINY, "--output",
                nothing.toString());
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(Files.isRegularFile(nothing)).isFalse();
    }

    private static void assertWrites(Path output) throws IOException {
        Result result = CommandRunner.runWithInput("a", "tokenize", "--model", TINY, "--output",
                output.toString());
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.err()).isEmpty();
        assertThat(Files.readString(output)).startsWith("{\"id\":0,");
    }

    private static void assertFails(Path output, String message) {
        Result result = CommandRunner.runWithInput("a", "tokenize", "--model", TINY, "--output",
                output.toString());
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).isEqualTo("bgem3: " + message + System.lineSeparator());
    }

    private List<String> contents() throws Exception {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }
}
