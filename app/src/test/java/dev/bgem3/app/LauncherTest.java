package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.testsupport.TestSizes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Tests what the launcher starts, from where and with which options. */
class LauncherTest extends LauncherFixture {
    @Test
    void runsTheProgramFromAnyFolderAndThroughALink() throws Exception {
        Result direct = launch("--version");
        assertThat(direct.err()).isEmpty();
        assertThat(direct.out()).startsWith("bgem3 ").hasLineCount(1);
        Path first = Files.createSymbolicLink(tools.resolve("first"), home.resolve("bgem3"));
        Path second = Files.createSymbolicLink(temporary.resolve("second link"), Path.of("tools/first"));
        assertThat(run("", Map.of(), first.toString(), "--version").out()).isEqualTo(direct.out());
        assertThat(run("", Map.of(), second.toString(), "--version").out()).isEqualTo(direct.out());
        assertThat(run("", Map.of(), "/bin/bash", "-c", "cd 'a project' && bash bgem3 --version").out())
                .isEqualTo(direct.out());
    }

    @Test
    void findsItsProjectInSpiteOfCdpath() throws Exception {
        Result result = run("", Map.of("CDPATH", temporary.toString()), "/bin/bash", "a project/bgem3",
                "--version");
        assertThat(result.err()).isEmpty();
        assertThat(result.out()).startsWith("bgem3 ").hasLineCount(1);
    }

    @Test
    void reportsMissingPartsOfTheProject() throws Exception {
        Files.delete(home.resolve("src/build/find-jdk.sh"));
        Result result = launch("--version");
        assertThat(result.exitCode()).isEqualTo(3);
        assertThat(result.err()).startsWith("bgem3: ").contains("find-jdk.sh cannot be read").hasLineCount(1);
    }

    @Test
    void passesStandardInputArgumentsAndExitCodes() throws Exception {
        Result result = run("héllo wörld\n", Map.of("LANG", "C", "LC_ALL", "C"), launcher("tokenize"));
        assertThat(result.err()).isEmpty();
        assertThat(result.out()).contains("▁h", "ö");
        Result words = launch("score", "--query", "words  and *", "--passage", "$(words)");
        Result same = run("{\"query\":\"words  and *\",\"passage\":\"$(words)\"}", Map.of(),
                launcher("score"));
        assertThat(words.out()).isNotEmpty().isEqualTo(same.out());
        assertThat(launch("encode", "--no-such").exitCode()).isEqualTo(2);
        assertThat(launch("encode", "--device", "cuda").exitCode()).isEqualTo(3);
        assertThat(launch("verify").exitCode()).isEqualTo(1);
    }

    @Test
    void restartsWithTheVectorApiIfItTurnsOutToBeNeeded() throws Exception {
        // As after a failed self-test of the jit kernels, which the launcher cannot foresee.
        Map<String, String> needed = Map.of("JDK_JAVA_OPTIONS", "-Dbgem3.kernels=vector");
        Result info = run("", needed, launcher("info"));
        assertThat(info.exitCode()).as(info.err()).isZero();
        assertThat(info.out()).contains("vector, Vector API with");
        Path file = temporary.resolve("results of ü.jsonl");
        Result encode = run("one\ntwo\n", needed, launcher("encode", "--output", file.toString()));
        assertThat(encode.exitCode()).as(encode.err()).isZero();
        assertThat(Files.readAllLines(file)).hasSize(2);
        try (Stream<Path> files = Files.list(temporary)) {
            assertThat(files.filter(path -> path.toString().contains("results"))).containsExactly(file);
        }
        Result none = run("", Map.of("JDK_JAVA_OPTIONS", "-Dbgem3.kernels=none"), launcher("info"));
        assertThat(none.exitCode()).isEqualTo(3);
        assertThat(none.err()).contains("bgem3: kernels: none (expected one of: ");
        if (TestSizes.pick(false, true)) { // A third command, which restarts as the two above do.
            Path model = temporary.resolve("packed");
            Result convert = run("", needed, launcher("convert", "--packed", "--precision", "fp32",
                    CommandRunner.MINI.toString(), model.toString()));
            assertThat(convert.exitCode()).as(convert.err()).isZero();
            assertThat(convert.err()).contains("vector-panel").containsOnlyOnce("packed for fp32");
        }
    }

    @Test
    void loadsTheVectorApiUnlessTheProcessorSupportsTheJitKernels() throws Exception {
        Path processor = Path.of("/proc/cpuinfo");
        boolean avx512 = Files.isReadable(processor) && Files.readString(processor).contains(" avx512vl ")
                && Files.readString(processor).contains(" avx512dq ");
        String vectorApi = "--add-modules=jdk.incubator.vector";
        assertThat(javaArguments(Map.of(), "--version").contains(vectorApi)).isEqualTo(!avx512);
        for (Map<String, String> asked : List.of(Map.of("BGEM3_VECTOR_API", "1"),
                Map.of("BGEM3_JAVA_OPTS", "-Dbgem3.kernels=vector -Xmx1g"),
                Map.of("BGEM3_JAVA_OPTS", "-Xmx1g -Dbgem3.jit.isa=avx2"))) {
            assertThat(javaArguments(asked, "--version")).contains(vectorApi);
        }
        Result shown = run("", Map.of("BGEM3_JAVA_OPTS", "--show-module-resolution", "BGEM3_VECTOR_API", "1"),
                launcher("--version"));
        assertThat(shown.out()).contains("root jdk.incubator.vector");
    }

    @Test
    void heapUsesLargePagesIfTheSystemOffersThem() throws Exception {
        Path setting = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
        assumeTrue(Files.isReadable(setting), "this system has no transparent huge pages");
        String mode = Files.readString(setting);
        boolean given = mode.contains("[madvise]") || mode.contains("[always]");
        Result result = run("", Map.of("BGEM3_JAVA_OPTS", "-XX:+PrintFlagsFinal"), launcher("--version"));
        assertThat(result.out() + result.err()).containsPattern("UseTransparentHugePages += " + given + " ");
    }

    @Test
    void onlyAServerExitsIfItsHeapIsFull() throws Exception {
        String exits = "-XX:+ExitOnOutOfMemoryError";
        assertThat(javaArguments(Map.of(), "serve", "--help")).contains(exits);
        assertThat(javaArguments(Map.of(), "encode", "--help")).doesNotContain(exits);
        Result other = run("",
                Map.of("BGEM3_JAVA_OPTS", "-XX:-ExitOnOutOfMemoryError -XX:+PrintFlagsFinal"),
                launcher("serve", "--help"));
        assertThat(other.out() + other.err()).containsPattern("ExitOnOutOfMemoryError += false ");
    }

    @Test
    void archiveRunsOnItsOwnRuntimeWithoutOtherPrograms() throws Exception {
        Path archive = makeArchive();
        Map<String, String> bare = Map.of("JAVA_HOME", "/none", "PATH", "", "BGEM3_JDK_FOLDERS", "");
        for (String shell : List.of("/bin/sh", "/bin/bash")) {
            Result result = run("What is BGE M3?\n", bare, shell, archive.resolve("bgem3").toString(),
                    "tokenize");
            assertThat(result.err()).isEmpty();
            assertThat(result.out()).startsWith("{\"id\":0").hasLineCount(1);
        }
        Path link = Files.createSymbolicLink(temporary.resolve("link"), archive.resolve("bgem3"));
        Result result = run("", bare, "/bin/sh", link.toString(), "--version");
        assertThat(result.exitCode()).isEqualTo(3);
        assertThat(result.err()).contains("link is a symbolic link, and readlink");
        assertThat(run("", Map.of("JAVA_HOME", "/none"), link.toString(), "--version").exitCode()).isZero();
    }

    @Test
    void cacheOfClassesWorksAfterTheArchiveIsMoved() throws Exception {
        Path archive = makeArchive();
        Map<String, String> make = Map.of("BGEM3_VECTOR_API", "1", "BGEM3_JAVA_OPTS",
                "-XX:AOTCacheOutput=lib/bgem3-vector.aot");
        Result made = run("", make, "/bin/sh", "-c", "cd 'an archive' && ./bgem3 --version");
        assertThat(made.exitCode()).as(made.err()).isZero();
        Path moved = Files.move(archive,
                Files.createDirectory(temporary.resolve("élsewhere")).resolve("b c"));
        // With AOTMode=on Java exits if it cannot use them, as with the default heap on a machine of 128 GB.
        Map<String, String> required = Map.of("BGEM3_JAVA_OPTS", "-XX:AOTMode=on -XX:MaxRAM=128g");
        // Only the cache for starts with the Vector API exists, so it is used on any processor.
        Result result = run("", required, moved.resolve("bgem3").toString(), "--version");
        assertThat(result.exitCode()).as(result.err()).isZero();
    }

    @Test
    void rejectsAFolderThatCannotBeInAClassPath() throws Exception {
        Path colon = Files.move(makeArchive(), temporary.resolve("a:b"));
        Result result = run("", Map.of(), colon.resolve("bgem3").toString(), "--version");
        assertThat(result.exitCode()).isEqualTo(3);
        assertThat(result.err()).contains("a:b: the folder's name has a colon").hasLineCount(1);
    }
}
