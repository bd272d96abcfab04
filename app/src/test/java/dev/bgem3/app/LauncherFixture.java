package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the launcher as a process, in its own project folder, whose name has spaces. A script replaces Maven
 * and decides what is built.
 */
abstract class LauncherFixture {
    private static final boolean WINDOWS = System.getProperty("os.name").startsWith("Windows");
    static final String JDK = WINDOWS ? System.getProperty("java.home") : PackagedProgram.jdk().toString();
    private static final String INCUBATOR_WARNING = """
            WARNING: Using incubator modules: jdk.incubator.vector
            """;

    @TempDir
    Path temporary;
    Path home;
    Path tools;

    /**
     * The exit code and output of a process; {@code err} lacks Java's warning about its incubator module.
     */
    record Result(int exitCode, String out, String err) {}

    @BeforeEach
    void makeProject() throws IOException {
        assumeTrue(!WINDOWS, "the launcher is for Unix");
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
        link(PackagedProgram.lib(), home.resolve("app/target/lib"));
        // For starts with and without the Vector API: Java ignores the one that does not match.
        for (String kept : List.of(".aot", "-vector.aot")) {
            Files.createLink(home.resolve("app/target/java" + JDK.replace('/', '-') + kept),
                    PackagedProgram.keptClasses());
        }
        pretendBuilt();
    }

    private static void link(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.createLink(to.resolve(file.getFileName()), file);
            }
        }
    }

    void pretendBuilt() throws IOException {
        Path stamp = home.resolve("app/target/built");
        Files.writeString(stamp, "");
        // Later than all files that were just created.
        Files.setLastModifiedTime(stamp, FileTime.fromMillis(System.currentTimeMillis() + 10_000));
    }

    /** Removes the program; a build runs the commands, then restores it. */
    void pretendUnbuilt(String commands) throws IOException {
        Path library = Files.move(home.resolve("app/target/lib"), temporary.resolve("lib"));
        pretendMaven(commands + "\nmkdir app/target/lib && cp -p '" + library + "'/* app/target/lib\n");
        Files.delete(home.resolve("app/target/built"));
    }

    /** Links the model that the launcher uses to create the cache of classes. */
    Path linkModel() throws IOException {
        Files.createDirectory(home.resolve("models"));
        return Files.createSymbolicLink(home.resolve("models/bge-m3-mini"), CommandRunner.MINI);
    }

    void pretendMaven(String script) throws IOException {
        PackagedProgram.script(tools.resolve("mvn"), script);
    }

    /** Creates a JDK with this version in its release file, and with a shell command in place of Java. */
    Path fakeJdk(String version, String java) throws IOException {
        Path jdk = temporary.resolve("jdk-" + version);
        Files.createDirectories(jdk.resolve("bin"));
        for (String tool : List.of("java", "javac")) {
            PackagedProgram.script(jdk.resolve("bin").resolve(tool), java + "\n");
        }
        Files.writeString(jdk.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
        return jdk;
    }

    /** Returns the arguments that the launcher passes to Java. */
    List<String> javaArguments(Map<String, String> environment, String... words) throws Exception {
        Map<String, String> all = new HashMap<>(environment);
        all.put("JAVA_HOME", fakeJdk("25.0.1", "printf '%s\\n' \"$@\"").toString());
        Result result = run("", all, launcher(words));
        assertThat(result.exitCode()).as(result.err()).isZero();
        return result.out().lines().toList();
    }

    ProcessBuilder process(Map<String, String> environment, String... command) {
        ProcessBuilder builder = new ProcessBuilder(command).directory(temporary.toFile());
        PackagedProgram.clear(builder.environment());
        builder.environment().put("JAVA_HOME", JDK);
        builder.environment().put("BGEM3_MODEL", CommandRunner.MINI.toString());
        builder.environment().put("PATH", tools + ":/usr/bin:/bin");
        builder.environment().putAll(environment);
        return builder.redirectError(temporary.resolve("err" + System.nanoTime()).toFile());
    }

    Result run(String input, Map<String, String> environment, String... command) throws Exception {
        ProcessBuilder builder = process(environment, command);
        Process process = builder.start();
        Thread writer = Thread.ofVirtual().start(() -> write(process, input));
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        writer.join();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("ended within a minute of its output").isTrue();
        String err = new String(Files.readAllBytes(builder.redirectError().file().toPath()),
                StandardCharsets.UTF_8);
        return new Result(process.exitValue(), out, err.replace(INCUBATOR_WARNING, ""));
    }

    static void write(Process process, String input) {
        try (OutputStream in = process.getOutputStream()) {
            in.write(input.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            if (process.isAlive()) {
                throw new UncheckedIOException(e);
            }
        }
    }

    Result launch(String... words) throws Exception {
        return run("", Map.of(), launcher(words));
    }

    String[] launcher(String... words) {
        return Stream.concat(Stream.of(home.resolve("bgem3").toString()), Arrays.stream(words))
                .toArray(String[]::new);
    }

    /** Creates the layout of the offline archive, with this JDK as its runtime. */
    Path makeArchive() throws IOException {
        Path archive = Files.createDirectory(temporary.resolve("an archive"));
        Files.move(home.resolve("app/target/lib"), archive.resolve("lib"));
        Files.copy(home.resolve("bgem3"), archive.resolve("bgem3"));
        Files.createSymbolicLink(archive.resolve("runtime"), Path.of(JDK));
        return archive;
    }
}
