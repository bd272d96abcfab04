package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The launcher as a process, in a project of its own whose name has spaces: what it builds there, a script in
 * Maven's place decides.
 */
class LauncherTest {
    private static final String JDK = System.getProperty("java.home");
    private static final String INCUBATOR_WARNING = """
            WARNING: Using incubator modules: jdk.incubator.vector
            """;

    @TempDir
    private Path temporary;
    private Path home;
    private Path tools;

    /**
     * What a process left behind; {@code err} is without the line that Java prints for its incubator module.
     */
    private record Result(int exitCode, String out, String err) {}

    @BeforeEach
    void makeProject() throws IOException {
        assumeTrue(!System.getProperty("os.name").startsWith("Windows"), "the launcher is for Unix");
        home = temporary.resolve("a project");
        for (String folder : List.of("src/build", "src/picocli", "app/src/main", "app/target/lib",
                "core/src/main")) {
            Files.createDirectories(home.resolve(folder));
        }
        for (String file : List.of("pom.xml", "src/picocli/pom.xml", "app/pom.xml", "core/src/main/A.java")) {
            Files.writeString(home.resolve(file), "");
        }
        for (String file : List.of("bgem3", "src/build/find-jdk.sh")) {
            Files.copy(CommandRunner.ROOT.resolve(file), home.resolve(file));
        }
        tools = Files.createDirectory(temporary.resolve("tools"));
        packageProgram(home.resolve("app/target/lib"));
        pretendBuilt();
    }

    /** Puts what these tests run on into jars. */
    private static void packageProgram(Path lib) throws IOException {
        int number = 0;
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            Path path = Path.of(entry);
            if (Files.isRegularFile(path)) {
                Files.copy(path, lib.resolve(number++ + ".jar"));
            } else if (path.endsWith("classes")) {
                zip(path, lib.resolve(number++ + ".jar"));
            }
        }
    }

    private static void zip(Path classes, Path jar) throws IOException {
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
                Stream<Path> files = Files.walk(classes)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                out.putNextEntry(new ZipEntry(classes.relativize(file).toString()));
                Files.copy(file, out);
            }
        }
    }

    private void pretendBuilt() throws IOException {
        Path stamp = home.resolve("app/target/built");
        Files.writeString(stamp, "");
        // Later than every file that was made just now.
        Files.setLastModifiedTime(stamp, FileTime.fromMillis(System.currentTimeMillis() + 10_000));
    }

    /** Takes the program away; a build brings it back, after some commands of its own. */
    private void pretendUnbuilt(String commands) throws IOException {
        Path library = Files.move(home.resolve("app/target/lib"), temporary.resolve("lib"));
        pretendMaven(commands + "\nmkdir app/target/lib && cp -p '" + library + "'/* app/target/lib\n");
        Files.delete(home.resolve("app/target/built"));
    }

    /** What classes are kept with. */
    private Path linkModel() throws IOException {
        Files.createDirectory(home.resolve("models"));
        return Files.createSymbolicLink(home.resolve("models/bge-m3-mini"), CommandRunner.MINI);
    }

    private void pretendMaven(String script) throws IOException {
        script(tools.resolve("mvn"), script);
    }

    private static void script(Path file, String commands) throws IOException {
        Files.writeString(file, "#!/bin/bash\n" + commands);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private ProcessBuilder process(Map<String, String> environment, String... command) {
        ProcessBuilder builder = new ProcessBuilder(command).directory(temporary.toFile());
        builder.environment().keySet()
                .removeIf(name -> name.startsWith("BGEM3_") || name.startsWith("JAVA_"));
        builder.environment().put("JAVA_HOME", JDK);
        builder.environment().put("BGEM3_MODEL", CommandRunner.MINI.toString());
        builder.environment().put("PATH", tools + ":/usr/bin:/bin");
        builder.environment().putAll(environment);
        return builder.redirectError(temporary.resolve("err" + System.nanoTime()).toFile());
    }

    private Result run(String input, Map<String, String> environment, String... command) throws Exception {
        ProcessBuilder builder = process(environment, command);
        Process process = builder.start();
        Thread writer = Thread.ofVirtual().start(() -> write(process, input));
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        writer.join();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("ended within a minute").isTrue();
        String err = Files.readString(builder.redirectError().file().toPath());
        return new Result(process.exitValue(), out, err.replace(INCUBATOR_WARNING, ""));
    }

    private static void write(Process process, String input) {
        try (OutputStream in = process.getOutputStream()) {
            in.write(input.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            if (process.isAlive()) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private Result launch(String... words) throws Exception {
        return run("", Map.of(), launcher(words));
    }

    private String[] launcher(String... words) {
        return Stream.concat(Stream.of(home.resolve("bgem3").toString()), Arrays.stream(words))
                .toArray(String[]::new);
    }

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
    void findsItsProjectUnderCdpath() throws Exception {
        Result result = run("", Map.of("CDPATH", temporary.toString()), "/bin/bash", "a project/bgem3",
                "--version");
        assertThat(result.err()).isEmpty();
        assertThat(result.out()).startsWith("bgem3 ").hasLineCount(1);
    }

    @Test
    void saysWhatItMissesOfItsProject() throws Exception {
        Files.delete(home.resolve("src/build/find-jdk.sh"));
        Result result = launch("--version");
        assertThat(result.exitCode()).isEqualTo(3);
        assertThat(result.err()).startsWith("bgem3: ").contains("find-jdk.sh cannot be read").hasLineCount(1);
    }

    @Test
    void takesAClosedStreamForAnEmptyOne() throws Exception {
        Result input = run("", Map.of(), "/bin/bash", "-c", "exec 'a project/bgem3' tokenize <&-");
        assertThat(input.exitCode()).as(input.err()).isZero();
        assertThat(input.out() + input.err()).isEmpty();
        assertThat(run("a", Map.of(), "/bin/bash", "-c", "exec 'a project/bgem3' tokenize >&-").exitCode())
                .isZero();
        assertThat(run("a", Map.of(), "/bin/bash", "-c", "exec 'a project/bgem3' tokenize 2>&-").out())
                .startsWith("{\"id\":0").hasLineCount(1);
    }

    @Test
    void whatJavaItselfSaysIsNoResult() throws Exception {
        Result result = run("", Map.of("BGEM3_JAVA_OPTS", "-Xmx999999g"), launcher("--version"));
        assertThat(result.exitCode()).isNotZero();
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).isNotEmpty();
    }

    @Test
    void passesStandardInputWordsAndExitCodesThrough() throws Exception {
        Result result = run("héllo wörld\n", Map.of("LANG", "C", "LC_ALL", "C"), launcher("tokenize"));
        assertThat(result.err()).isEmpty();
        assertThat(result.out()).contains("▁h", "ö");
        Result words = run("", Map.of("LANG", "C"),
                launcher("score", "--query", "wörter und mehr", "--passage", "wörter"));
        Result same = run("{\"id\":0,\"query\":\"wörter und mehr\",\"passage\":\"wörter\"}", Map.of(),
                launcher("score"));
        assertThat(words.out()).isNotEmpty().isEqualTo(same.out());
        assertThat(launch("encode", "--no-such").exitCode()).isEqualTo(2);
        assertThat(launch("encode", "--device", "cuda").exitCode()).isEqualTo(3);
        assertThat(launch("verify").exitCode()).isEqualTo(1);
    }

    @Test
    void saysWhatToInstallWhereThereIsNoJdk() throws Exception {
        Path old = fakeJdk("24.0.2");
        for (Map<String, String> environment : List.of(
                Map.of("JAVA_HOME", "", "PATH", "", "BGEM3_JDK_FOLDERS", ""),
                Map.of("JAVA_HOME", "", "PATH", "", "BGEM3_JDK_FOLDERS", temporary + "/none/*:/also none"),
                Map.of("JAVA_HOME", old.toString(), "PATH", old + "/bin", "BGEM3_JDK_FOLDERS",
                        temporary + "/*"))) {
            Result result = run("", environment, "/bin/bash", home.resolve("bgem3").toString(), "--version");
            assertThat(result.exitCode()).isEqualTo(3);
            assertThat(result.out()).isEmpty();
            assertThat(result.err()).startsWith("bgem3: no JDK 25 or newer found; install one")
                    .hasLineCount(1);
        }
    }

    @Test
    void passesOverOldJdksOnTheWayToANewOne() throws Exception {
        Path old = fakeJdk("17.0.9");
        Files.createSymbolicLink(tools.resolve("java"), old.resolve("bin/java"));
        Path jdks = Files.createDirectory(temporary.resolve("the jdks"));
        Files.createSymbolicLink(jdks.resolve("a-old"), old);
        Result result = run("", Map.of("JAVA_HOME", old.toString(), "BGEM3_JDK_FOLDERS",
                "/none:" + jdks + "/*:" + JDK.replaceFirst(".$", "?")), launcher("--version"));
        assertThat(result.err()).isEmpty();
        assertThat(result.out()).contains("(Java " + Runtime.version());
        assertThat(
                run("", Map.of("JAVA_HOME", "", "PATH", JDK + "/bin:/usr/bin:/bin", "BGEM3_JDK_FOLDERS", ""),
                        launcher("--version")).exitCode())
                .isZero();
    }

    private Path fakeJdk(String version) throws IOException {
        Path jdk = temporary.resolve("jdk-" + version);
        Files.createDirectories(jdk.resolve("bin"));
        for (String tool : List.of("java", "javac")) {
            script(jdk.resolve("bin").resolve(tool), "exit 77\n");
        }
        Files.writeString(jdk.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
        return jdk;
    }

    @Test
    void buildsOnceForEachChangeOfASource() throws Exception {
        pretendUnbuilt("echo \"$@\" >> '" + temporary + "/calls'; echo noise; echo more noise >&2");
        Result first = launch("--version");
        assertThat(first.err()).isEmpty();
        assertThat(first.out()).hasLineCount(1);
        assertThat(launch("--version").exitCode()).isZero();
        assertThat(temporary.resolve("calls")).hasContent("-q -B -Dmaven.test.skip package -pl app -am\n");
        pretendBuilt();
        assertThat(launch("--version").exitCode()).isZero();
        assertThat(Files.readAllLines(temporary.resolve("calls"))).hasSize(1);
        for (String source : List.of("core/src/main/A.java", "pom.xml", "app/pom.xml",
                "src/picocli/pom.xml")) {
            Files.setLastModifiedTime(home.resolve("app/target/built"), FileTime.fromMillis(1_000_000_000));
            assertThat(launch("--version").exitCode()).as(source).isZero();
        }
        assertThat(Files.readAllLines(temporary.resolve("calls"))).hasSize(5);
    }

    @Test
    void startsFromTheClassesThatTheBuildKeptAndWithoutThem() throws Exception {
        pretendUnbuilt("");
        Path model = linkModel();
        assertThat(launch("--version").err()).isEmpty();
        Files.delete(model);
        List<Path> kept;
        try (Stream<Path> files = Files.list(home.resolve("app/target"))) {
            kept = files.filter(file -> file.toString().contains(".aot")).toList();
        }
        assertThat(kept).singleElement().asString().endsWith(".aot");
        // With this Java ends where it cannot use them.
        Map<String, String> required = Map.of("BGEM3_JAVA_OPTS", "-XX:AOTMode=on");
        assertThat(run("", required, launcher("--version")).exitCode()).isZero();
        Files.writeString(kept.getFirst(), "damaged");
        assertThat(run("", required, launcher("--version")).exitCode()).isNotZero();
        Result result = launch("--version");
        assertThat(result.err()).isEmpty();
        assertThat(result.out()).startsWith("bgem3 ").hasLineCount(1);
    }

    @Test
    void becomesItselfWithTheVectorApiWhereThatIsNeededAfterAll() throws Exception {
        // As where the jit kernels fail their self-test: what the launcher cannot foresee.
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
        Path model = temporary.resolve("packed");
        Result convert = run("", needed, launcher("convert", "--packed", "--precision", "fp32",
                CommandRunner.MINI.toString(), model.toString()));
        assertThat(convert.exitCode()).as(convert.err()).isZero();
        assertThat(convert.err()).contains("vector-panel").containsOnlyOnce("packed for fp32");
        Result none = run("", Map.of("JDK_JAVA_OPTIONS", "-Dbgem3.kernels=none"), launcher("info"));
        assertThat(none.exitCode()).isEqualTo(3);
        assertThat(none.err()).contains("bgem3: kernels: none (expected one of: ");
    }

    @Test
    void theBuildDoesNotWaitForItselfWhereTheVectorApiIsNeeded() throws Exception {
        pretendUnbuilt("");
        linkModel();
        Result result = run("", Map.of("JDK_JAVA_OPTIONS", "-Dbgem3.kernels=vector"), launcher("info"));
        assertThat(result.exitCode()).as(result.err()).isZero();
    }

    @Test
    void loadsTheVectorApiUnlessTheProcessorHasWhatTheJitKernelsNeed() throws Exception {
        Path processor = Path.of("/proc/cpuinfo");
        boolean avx512 = Files.isReadable(processor) && Files.readString(processor).contains(" avx512vl ")
                && Files.readString(processor).contains(" avx512dq ");
        Map<String, String> show = Map.of("BGEM3_JAVA_OPTS", "--show-module-resolution");
        assertThat(run("", show, launcher("--version")).out().contains("root jdk.incubator.vector"))
                .isEqualTo(!avx512);
        for (Map<String, String> asked : List.of(
                Map.of("BGEM3_JAVA_OPTS", "--show-module-resolution", "BGEM3_VECTOR_API", "1"),
                Map.of("BGEM3_JAVA_OPTS", "-Dbgem3.kernels=vector --show-module-resolution"),
                Map.of("BGEM3_JAVA_OPTS", "--show-module-resolution -Dbgem3.jit.isa=avx2"))) {
            assertThat(run("", asked, launcher("--version")).out()).contains("root jdk.incubator.vector");
        }
    }

    @Test
    void theHeapAsksForLargePagesWhereTheSystemGivesThem() throws Exception {
        Path setting = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
        assumeTrue(Files.isReadable(setting), "this system has no transparent huge pages");
        String mode = Files.readString(setting);
        boolean given = mode.contains("[madvise]") || mode.contains("[always]");
        Result result = run("", Map.of("BGEM3_JAVA_OPTS", "-XX:+PrintFlagsFinal"), launcher("--version"));
        assertThat(result.out() + result.err()).containsPattern("UseTransparentHugePages += " + given + " ");
    }

    @Test
    void severalAtOnceBuildOnce() throws Exception {
        assumeTrue(Stream.of("/usr/bin/flock", "/bin/flock").anyMatch(flock -> Files.exists(Path.of(flock))),
                "this system has no flock");
        pretendUnbuilt("echo call >> '" + temporary + "/calls'; sleep 0.5");
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            processes.add(process(Map.of(), launcher("--version")).start());
        }
        for (Process process : processes) {
            assertThat(process.waitFor()).isZero();
        }
        assertThat(temporary.resolve("calls")).hasContent("call\n");
    }

    @Test
    void aBuildThatFailsShowsWhy() throws Exception {
        pretendMaven("echo '[ERROR] it is broken'; exit 1\n");
        Files.delete(home.resolve("app/target/built"));
        Result result = launch("--version");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).isEqualTo("[ERROR] it is broken\nbgem3: the build failed\n");
        assertThat(launch("--version").exitCode()).as("and it is not taken for built").isEqualTo(1);
    }

    @Test
    void runsInAnArchiveOnTheRuntimeBesideItWithNoOtherProgram() throws Exception {
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
    void keptClassesServeWhereverTheArchiveIsMoved() throws Exception {
        Path archive = makeArchive();
        Map<String, String> make = Map.of("BGEM3_VECTOR_API", "1", "BGEM3_JAVA_OPTS",
                "-XX:AOTCacheOutput=lib/bgem3-vector.aot");
        Result made = run("", make, "/bin/sh", "-c", "cd 'an archive' && ./bgem3 --version");
        assertThat(made.exitCode()).as(made.err()).isZero();
        Path moved = Files.move(archive,
                Files.createDirectory(temporary.resolve("élsewhere")).resolve("b c"));
        // With AOTMode Java ends where it cannot use them; a machine of 128 GB would have too large a heap for them.
        Map<String, String> required = Map.of("BGEM3_JAVA_OPTS", "-XX:AOTMode=on -XX:MaxRAM=128g");
        // Those for a start with the Vector API are the only ones, and so serve on any processor.
        Result result = run("", required, moved.resolve("bgem3").toString(), "--version");
        assertThat(result.exitCode()).as(result.err()).isZero();
    }

    @Test
    void refusesAFolderThatJavaCannotHaveInAClassPath() throws Exception {
        Path colon = Files.move(makeArchive(), temporary.resolve("a:b"));
        Result result = run("", Map.of(), colon.resolve("bgem3").toString(), "--version");
        assertThat(result.exitCode()).isEqualTo(3);
        assertThat(result.err()).contains("a:b: the folder's name has a colon").hasLineCount(1);
    }

    /** The layout of the offline archive, with this JDK as its runtime. */
    private Path makeArchive() throws IOException {
        Path archive = Files.createDirectory(temporary.resolve("an archive"));
        Files.move(home.resolve("app/target/lib"), archive.resolve("lib"));
        Files.copy(home.resolve("bgem3"), archive.resolve("bgem3"));
        Files.createSymbolicLink(archive.resolve("runtime"), Path.of(JDK));
        return archive;
    }

    @Test
    void saysThatMavenIsMissingWhereItIsNeeded() throws Exception {
        Files.delete(home.resolve("app/target/built"));
        Result result = run("", Map.of("PATH", temporary + "/empty"), "/bin/bash",
                home.resolve("bgem3").toString(), "--version");
        assertThat(result.exitCode()).isEqualTo(3);
        assertThat(result.err())
                .isEqualTo("""
                        bgem3: the program must be built, and Maven is missing; install Maven 3.8 or newer
                        """);
    }

    @Test
    void encodesAStreamInLittleMemory() throws Exception {
        String input = IntStream.range(0, 5_000)
                .mapToObj(i -> "{\"id\":" + i + ",\"text\":\"a short line, number " + i + "\"}")
                .collect(Collectors.joining("\n"));
        Path file = temporary.resolve("out.jsonl");
        Result result = run(input, Map.of("BGEM3_JAVA_OPTS", "-Xmx96m -Xms16m"),
                launcher("encode", "--jsonl", "--dense",
                        "--sparse", "--colbert", "--output", file.toString()));
        assertThat(result.exitCode()).as(result.err()).isZero();
        int[] next = {0};
        try (Stream<String> lines = Files.lines(file)) {
            lines.forEach(line -> assertThat(line).startsWith("{\"id\":" + next[0]++ + ",\"dense\":[")
                    .endsWith("]]}"));
        }
        assertThat(next[0]).isEqualTo(5_000);
    }

    @Test
    void answersALineWhileTheInputIsStillOpen() throws Exception {
        Process process = process(Map.of(), launcher("encode")).start();
        try (OutputStream in = process.getOutputStream(); var out = process.inputReader()) {
            for (int i = 0; i < 2; i++) {
                in.write("a line\n".getBytes(StandardCharsets.UTF_8));
                in.flush();
                String start = "{\"id\":" + i + ",";
                assertTimeoutPreemptively(Duration.ofSeconds(30),
                        () -> assertThat(out.readLine()).startsWith(start).endsWith("]}"));
            }
        }
        assertThat(process.waitFor()).isZero();
    }

    @Test
    void endsWithAWholeLineWhenItIsStopped() throws Exception {
        Process process = process(Map.of(), launcher("encode", "--colbert")).start();
        Thread writer = Thread.ofVirtual()
                .start(() -> write(process, "some words of a text ".repeat(90).concat("\n")
                        .repeat(5_000)));
        var out = process.getInputStream();
        String first = new String(out.readNBytes(1), StandardCharsets.UTF_8);
        process.toHandle().destroy();
        String all = first + new String(out.readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isEqualTo(128 + 15);
        writer.join();
        assertThat(all.endsWith("]]}\n")).as("ends with a whole line").isTrue();
    }

    @Test
    void leavesNoOutputFileWhenItIsStoppedHalfWay() throws Exception {
        Path folder = Files.createDirectory(temporary.resolve("results"));
        Process process = process(Map.of(),
                launcher("encode", "--batch-size", "1", "--output", folder.resolve("out.jsonl").toString()))
                .start();
        OutputStream in = process.getOutputStream();
        in.write("one line\n".repeat(100).getBytes(StandardCharsets.UTF_8));
        in.flush();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (files(folder).isEmpty() && System.nanoTime() < deadline) {
            Thread.sleep(20);
        }
        assertThat(files(folder)).hasSize(1).allMatch(name -> name.endsWith(".part"));
        process.destroy();
        assertThat(process.waitFor()).isEqualTo(128 + 15);
        assertThat(files(folder)).isEmpty();
    }

    @Test
    void leavesNoModelWhenItsWritingIsStoppedHalfWay() throws Exception {
        Path folder = Files.createDirectory(temporary.resolve("models"));
        Process process = process(Map.of(), launcher("synth", folder.resolve("model").toString())).start();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (files(folder).isEmpty() && System.nanoTime() < deadline) {
            Thread.sleep(20);
        }
        assertThat(files(folder)).hasSize(1).allMatch(name -> name.endsWith(".part"));
        process.destroy();
        assertThat(process.waitFor()).isEqualTo(128 + 15);
        assertThat(files(folder)).isEmpty();
    }

    private static List<String> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    @Test
    void endsQuietlyWhenTheReaderOfItsResultsLeaves() throws Exception {
        Path input = temporary.resolve("lines.txt");
        Files.write(input, "a line of text\n".repeat(3_000).getBytes(StandardCharsets.UTF_8),
                StandardOpenOption.CREATE);
        Result result = run("", Map.of(), "/bin/bash", "-c",
                "'" + home.resolve("bgem3") + "' encode --dense --input '" + input
                        + "' | head -n 1; exit ${PIPESTATUS[0]}");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).hasLineCount(1);
        assertThat(result.err()).isEmpty();
    }

    @Test
    void saysThatStandardOutputIsFull() throws Exception {
        assumeTrue(Files.exists(Path.of("/dev/full")), "this system has no /dev/full");
        Result result = run("", Map.of(), "/bin/bash", "-c",
                "'" + home.resolve("bgem3") + "' demo > /dev/full");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err())
                .isEqualTo("bgem3: standard output: cannot be written: No space left on device\n");
    }
}
