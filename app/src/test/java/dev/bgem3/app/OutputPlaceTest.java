package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests files that can be written but not replaced, and disks that are full or read-only, with shell scripts
 * in their own mount namespace. They need root on Linux.
 */
@Timeout(120)
class OutputPlaceTest {
    /** Runs the program as root without capabilities, so that permissions and owners apply to it. */
    private static final String POWERLESS = "setpriv --bounding-set=-all --inh-caps=-all";
    private static final String SETUP = """
            set -u
            bgem3() {
              ${AS:-} "$JAVA" -XX:+UseSerialGC -XX:+UseCompressedOops -XX:TieredStopAtLevel=1 \\
                -XX:AOTCache="$KEPT" -Xlog:disable --enable-native-access=ALL-UNNAMED \\
                -Djava.io.tmpdir="$TMP" -cp "$CLASSES" dev.bgem3.app.Main "$@"
            }
            tokenize() { bgem3 tokenize --model "$MODEL" "$@"; }
            """;
    private static final String LINE = "{\"id\":0,\"ids\":[0,";

    @TempDir
    private Path temporary;
    private Path folder;
    private Path tmp;

    /** The exit code and output of a script. */
    private record Result(int exitCode, String err) {}

    @BeforeEach
    void makeFolders() throws Exception {
        assumeTrue(succeeds("unshare", "-m", "true"),
                "unshare -m does not work here: it needs root on Linux");
        folder = Files.createDirectory(temporary.resolve("a folder"));
        tmp = Files.createDirectory(temporary.resolve("tmp"));
    }

    private static boolean succeeds(String... command) throws InterruptedException {
        try {
            return new ProcessBuilder(command).redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() == 0;
        } catch (IOException _) {
            return false;
        }
    }

    private static void assumeSetpriv() throws InterruptedException {
        List<String> command = new ArrayList<>(List.of(POWERLESS.split(" ")));
        command.add("true");
        assumeTrue(succeeds(command.toArray(String[]::new)), "setpriv does not work here");
    }

    /** Runs a script in the folder, with the text {@code one} as standard input. */
    private Result run(String script) throws Exception {
        Path input = Files.writeString(temporary.resolve("input"), "one\n");
        ProcessBuilder builder = new ProcessBuilder("timeout", "100", "unshare", "-m", "sh", "-c",
                SETUP + script).directory(folder.toFile()).redirectInput(input.toFile())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("JAVA", Path.of(System.getProperty("java.home"), "bin", "java").toString());
        builder.environment().put("CLASSES", PackagedProgram.classPath());
        builder.environment().put("KEPT", PackagedProgram.keptClasses().toString());
        builder.environment().put("MODEL", CommandRunner.TINY.toString());
        builder.environment().put("TMP", tmp.toString());
        builder.environment().put("LC_ALL", "C.UTF-8");
        Process process = builder.start();
        String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Result(process.waitFor(), err);
    }

    private static void assertDone(Result result, String err) {
        assertThat(result.err()).isEqualTo(err.isEmpty() ? "" : "bgem3: " + err + "\n");
        assertThat(result.exitCode()).isZero();
    }

    private static void assertFailed(Result result, String err) {
        assertThat(result.err()).isEqualTo("bgem3: " + err + "\n");
        assertThat(result.exitCode()).isEqualTo(1);
    }

    private static List<String> entries(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void writesAMountedFileInPlace() throws Exception {
        Files.writeString(folder.resolve("a"), "old");
        Files.writeString(folder.resolve("b c"), "below");
        Result result = run("mount --bind a 'b c' && tokenize --output 'b c'");
        assertDone(result, "b c: will be written in place at the end: it is a mount point");
        assertThat(Files.readString(folder.resolve("a"))).startsWith(LINE).hasLineCount(1);
        assertThat(folder.resolve("b c")).hasContent("below");
        assertThat(entries(folder)).containsExactly("a", "b c");
    }

    @Test
    void leavesAMountedFileUnchangedIfTheWorkFails() throws Exception {
        Files.writeString(folder.resolve("a"), "old");
        Files.createFile(folder.resolve("b"));
        Result result = run("mount --bind a b && tokenize --jsonl --output b");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).contains("standard input, line 1: not JSON").hasLineCount(2);
        assertThat(folder.resolve("a")).hasContent("old");
        assertThat(entries(folder)).containsExactly("a", "b");
    }

    @Test
    void writesInPlaceAFileThatIsMountedMeanwhile() throws Exception {
        Files.writeString(folder.resolve("a"), "old");
        Files.createFile(folder.resolve("b"));
        Result result = run("""
                mkfifo in
                tokenize --input in --output b &
                exec 3>in
                until ls .b.*.part >/dev/null 2>&1; do sleep 0.1; done
                mount --bind a b
                echo one >&3
                exec 3>&-
                wait $!""");
        assertDone(result, "b: was written in place, since no new file could take its place: "
                + "Device or resource busy");
        assertThat(Files.readString(folder.resolve("a"))).startsWith(LINE).hasLineCount(1);
        assertThat(entries(folder)).containsExactly("a", "b", "in");
    }

    @Test
    void leavesAFileWrittenInPlaceUnchangedIfTheProcessIsStopped() throws Exception {
        Files.writeString(folder.resolve("a"), "old");
        Files.createFile(folder.resolve("b"));
        Result result = run("""
                mkfifo in
                mount --bind a b
                (AS=exec && tokenize --input in --output b) &
                exec 3>in
                until ls .b.*.part >/dev/null 2>&1; do sleep 0.1; done
                echo one >&3
                kill $!
                wait $!""");
        assertThat(result.exitCode()).isEqualTo(128 + 15);
        assertThat(folder.resolve("a")).hasContent("old");
        assertThat(entries(folder)).containsExactly("a", "b", "in");
    }

    /** The mounted file is on another disk, which is too small. */
    @Test
    void keepsNewAndOldResultsIfThereIsNoRoomInPlace() throws Exception {
        Files.createFile(folder.resolve("b"));
        Files.createDirectory(folder.resolve("small"));
        Result result = run("""
                mount -t tmpfs -o size=64k tmpfs small
                echo old >small/a
                mount --bind small/a b
                i=0
                while [ $i -lt 2000 ]; do echo one two three four five; i=$((i + 1)); done >in
                tokenize --input in --output b
                code=$?
                cp small/a left
                exit $code""");
        assertThat(result.exitCode()).isEqualTo(1);
        String part = entries(folder).getFirst();
        assertThat(part).matches("\\.b\\.\\w+\\.part");
        assertThat(result.err()).isEqualTo("""
                bgem3: b: will be written in place at the end: it is a mount point
                bgem3: b: cannot be written: No space left on device; the results are kept in %s
                """.formatted(folder.toRealPath().resolve(part)));
        assertThat(Files.readString(folder.resolve(part))).startsWith(LINE).hasLineCount(2000);
        assertThat(folder.resolve("left")).hasContent("old\n");
    }

    @Test
    void reportsAFullDiskAndLeavesItUnchanged() throws Exception {
        Files.createDirectory(folder.resolve("small"));
        Result result = run("""
                mount -t tmpfs -o size=64k tmpfs small
                echo old >small/out
                i=0
                while [ $i -lt 2000 ]; do echo one two three four five; i=$((i + 1)); done >in
                tokenize --input in --output small/out
                code=$?
                ls -A small >left
                cat small/out >>left
                exit $code""");
        assertFailed(result, "small/out: cannot be written: No space left on device");
        assertThat(folder.resolve("left")).hasContent("out\nold\n");
    }

    @Test
    void reportsAReadOnlyDiskBeforeLoadingTheModel() throws Exception {
        Files.createDirectory(folder.resolve("d"));
        Files.writeString(folder.resolve("d/old"), "old");
        for (String name : List.of("new", "old")) {
            Result result = run(
                    "mount --bind d d && mount -o remount,ro,bind d && bgem3 encode --model nowhere "
                            + "--output d/" + name);
            assertFailed(result, "d/" + name + ": cannot be written: Read-only file system");
        }
    }

    @Test
    void writesAFileOfAnotherOwnerInPlace() throws Exception {
        assumeSetpriv();
        String setup = """
                mkdir sticky
                echo old >sticky/out
                chmod 666 sticky/out
                chmod 1777 sticky
                chown -R 65534:65534 sticky
                AS='%s'
                """.formatted(POWERLESS);
        assertDone(run(setup + "tokenize --output sticky/out"), "sticky/out: will be written in place at the "
                + "end: a new file cannot have its owner, group and permissions (Operation not permitted)");
        Path out = folder.resolve("sticky/out");
        assertThat(Files.readString(out)).startsWith(LINE).hasLineCount(1);
        assertThat(Files.getAttribute(out, "unix:uid")).isEqualTo(65534);
        assertThat(entries(folder.resolve("sticky"))).containsExactly("out");
    }

    @Test
    void replacesAFileOfAnotherOwnerIfItMayChangeTheOwner() throws Exception {
        Path out = Files.writeString(folder.resolve("out"), "old");
        Object before = Files.getAttribute(out, "unix:ino");
        assertDone(run("chown 65534:65533 out && chmod 640 out && tokenize --output out"), "");
        assertThat(Files.readString(out)).startsWith(LINE);
        assertThat(Files.readAttributes(out, "unix:uid,gid,mode")).containsEntry("uid", 65534)
                .containsEntry("gid", 65533).containsEntry("mode", 0100640);
        assertThat(Files.getAttribute(out, "unix:ino")).isNotEqualTo(before);
    }

    @Test
    void collectsInTheTemporaryFolderIfTheTargetsIsNotWritable() throws Exception {
        assumeSetpriv();
        Path out = Files.writeString(Files.createDirectory(folder.resolve("shut")).resolve("out"), "old");
        Result result = run("chmod 555 shut; AS='" + POWERLESS + "'; tokenize --output shut/out");
        assertThat(result.err())
                .matches("bgem3: shut/out: will be written in place at the end: its folder cannot "
                        + "be written \\(permission denied\\); until then the results are in \\Q" + tmp
                        + "\\E/\\.out\\.\\w+\\.part\n");
        assertThat(result.exitCode()).isZero();
        assertThat(Files.readString(out)).startsWith(LINE).hasLineCount(1);
        assertThat(entries(tmp)).isEmpty();
    }

    @Test
    void reportsThatThereIsNoPlaceToCollectBeforeLoadingTheModel() throws Exception {
        assumeSetpriv();
        Path out = Files.writeString(Files.createDirectory(folder.resolve("shut")).resolve("out"), "old");
        Result result = run("chmod 555 shut \"$TMP\"; AS='" + POWERLESS + "'; bgem3 encode --model nowhere "
                + "--output shut/out");
        assertFailed(result, "shut/out: no place for the results until all are there: neither its folder "
                + "(permission denied) nor the temporary folder " + tmp
                + " (permission denied) can be written "
                + "(BGEM3_JAVA_OPTS=-Djava.io.tmpdir=DIR names another)");
        assertThat(out).hasContent("old");
        result = run("AS='" + POWERLESS + "'; bgem3 encode --model nowhere --output shut/new");
        assertFailed(result, "shut/new: cannot be written: permission denied");
        result = run(
                "chmod 444 shut/out; AS='" + POWERLESS + "'; bgem3 encode --model nowhere --output shut/out");
        assertFailed(result, "shut/out: cannot be written: permission denied");
    }

    /** The results must be between what the shell writes before and afterwards. */
    @ParameterizedTest
    @ValueSource(strings = {"/dev/fd/3", "/proc/self/fd/3", "link"})
    void writesThroughADescriptor(String output) throws Exception {
        Files.createSymbolicLink(folder.resolve("link"), Path.of("/dev/fd/3"));
        assertDone(run("echo old and longer >out; exec 3<>out; echo before >&3; tokenize --output " + output
                + "; echo after >&3"), "");
        assertThat(Files.readAllLines(folder.resolve("out"))).hasSize(3).startsWith("before")
                .endsWith("after").element(1).asString().startsWith(LINE);
        assertThat(entries(folder)).containsExactly("link", "out");
    }

    @Test
    void writesThroughStandardOutputAndStandardError() throws Exception {
        assertDone(run("""
                (echo a; echo one | tokenize --output /dev/stdout; echo b) >out
                (echo a; echo one | tokenize --output /dev/stderr 2>&1; echo b) >err"""), "");
        for (String name : List.of("out", "err")) {
            assertThat(Files.readAllLines(folder.resolve(name))).as(name).hasSize(3).startsWith("a")
                    .endsWith("b").element(1).asString().startsWith(LINE);
        }
    }

    @Test
    void writesThroughADescriptorThatAppends() throws Exception {
        assertDone(run("echo before >out; tokenize --output /dev/fd/3 3>>out"), "");
        assertThat(Files.readAllLines(folder.resolve("out"))).hasSize(2).startsWith("before");
    }

    @Test
    void reportsAnUnwritableDescriptorBeforeLoadingTheModel() throws Exception {
        for (String closed : List.of("/dev/fd/93", "/proc/self/fd/93")) {
            assertFailed(run("bgem3 encode --model nowhere --output " + closed),
                    closed + ": cannot be written: Bad file descriptor");
        }
        assertFailed(run("echo old >out; bgem3 encode --model nowhere --output /dev/fd/3 3<out"),
                "/dev/fd/3: cannot be written: Bad file descriptor");
        assertThat(folder.resolve("out")).hasContent("old");
    }

    /** A folder that is a mount point cannot be replaced, like a file. */
    @Test
    void convertsIntoAMountedFolder() throws Exception {
        Files.createDirectory(folder.resolve("d"));
        Files.createDirectory(folder.resolve("real"));
        assertDone(run("mount --bind real d && bgem3 convert \"$MODEL\" d"), "");
        assertThat(entries(folder.resolve("real"))).contains("config.json", "model.safetensors")
                .noneMatch(name -> name.endsWith(".part"));
        assertThat(entries(folder.resolve("d"))).isEmpty();
    }

    @Test
    void reportsAMountedFileBeforePacking() throws Exception {
        Result result = run("""
                cp -r "$MODEL" model
                bgem3 convert model --packed --precision fp32 || exit 9
                packed=$(ls model/*.packed)
                mount --bind "$packed" "$packed"
                bgem3 convert model --packed --precision fp32""");
        assumeTrue(result.exitCode() != 9, "no kernels here whose packed weights can be kept");
        assertThat(result.err()).matches("(?s).*\\Rbgem3: (model/model\\.[^:]*\\.packed): cannot be written: "
                + "it is a mount point, so no new file can take its place\\R");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(entries(folder.resolve("model"))).noneMatch(name -> name.endsWith(".part"));
    }

    @Test
    void reportsAReadOnlyModelFolderBeforePacking() throws Exception {
        Result result = run("mount --bind \"$MODEL\" \"$MODEL\" && mount -o remount,ro,bind \"$MODEL\" && "
                + "bgem3 convert \"$MODEL\" --packed --precision fp32");
        // The folder is named, not a file in it; before that, kernels may report that they are unusable.
        assertThat(result.err())
                .endsWith("bgem3: " + CommandRunner.TINY + ": cannot be written: Read-only file system\n");
        assertThat(result.exitCode()).isEqualTo(1);
    }
}
