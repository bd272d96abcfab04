package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;

/**
 * The program in jars, and the launcher's cache of its classes, created once for all tests that start
 * processes. A start with the cache takes half the time.
 */
final class PackagedProgram {
    private static final String QUICK = "-XX:TieredStopAtLevel=1";
    private static final Path JDK = Path.of(System.getProperty("java.home"));
    private static final Path FOLDER = make();

    private PackagedProgram() {}

    /** Returns the folder of jars. */
    static Path lib() {
        return FOLDER.resolve("lib");
    }

    /** Returns the cache for the launcher on this processor; Java ignores one that does not match. */
    static Path keptClasses() {
        return FOLDER.resolve("kept.aot");
    }

    /**
     * Returns the JDK to start the program with. If this Java runs without the optimizing compiler, so does
     * that one: a start then takes a third less work.
     */
    static Path jdk() {
        return jdk(FOLDER);
    }

    private static Path jdk(Path folder) {
        return ManagementFactory.getRuntimeMXBean().getInputArguments().contains(QUICK)
                ? folder.resolve("jdk")
                : JDK;
    }

    /** Returns the jars in the launcher's order, which must match the cache. */
    static String classPath() throws IOException {
        try (Stream<Path> jars = Files.list(lib())) {
            return jars.map(Path::toString).sorted().collect(Collectors.joining(File.pathSeparator));
        }
    }

    /** Removes the variables that the launcher reads. */
    static void clear(Map<String, String> environment) {
        environment.keySet().removeIf(name -> name.matches("BGEM3_.*|JAVA_.*|LANG|LC_.*|LOCPATH"));
    }

    private static Path make() {
        try {
            Path folder = Files.createTempDirectory("bgem3-packaged");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder)));
            pack(Files.createDirectory(folder.resolve("lib")));
            // In the archive's layout the launcher builds nothing.
            Path launcher = Files.copy(CommandRunner.ROOT.resolve("bgem3"), folder.resolve("bgem3"));
            makeQuickJdk(Files.createDirectory(folder.resolve("jdk")));
            Files.createSymbolicLink(folder.resolve("runtime"), jdk(folder));
            keepClasses(folder, launcher);
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void makeQuickJdk(Path jdk) throws IOException {
        Files.createSymbolicLink(jdk.resolve("release"), JDK.resolve("release"));
        Path bin = Files.createDirectory(jdk.resolve("bin"));
        Files.createSymbolicLink(bin.resolve("javac"), JDK.resolve("bin/javac"));
        script(bin.resolve("java"),
                "exec '" + JDK.resolve("bin/java") + "' " + QUICK + " \"$@\"\n");
    }

    static void script(Path file, String commands) throws IOException {
        Files.writeString(file, "#!/bin/bash\n" + commands);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static void keepClasses(Path folder, Path launcher) throws IOException, InterruptedException {
        Path log = folder.resolve("log");
        ProcessBuilder builder = new ProcessBuilder(launcher.toString(), "encode", "--model",
                CommandRunner.MINI.toString()).redirectErrorStream(true).redirectOutput(log.toFile());
        clear(builder.environment());
        builder.environment().put("BGEM3_JAVA_OPTS", "-XX:AOTCacheOutput=" + folder.resolve("kept.aot"));
        Process process = builder.start();
        try (OutputStream in = process.getOutputStream()) {
            in.write("a text\n".getBytes(StandardCharsets.UTF_8));
        }
        assertThat(process.waitFor()).as(Files.readString(log)).isZero();
    }

    private static void pack(Path lib) throws IOException {
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

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
            for (Path file : deepestFirst) {
                Files.delete(file);
            }
        } catch (IOException e) {
            System.err.println(folder + " stays: " + e);
        }
    }
}
