package dev.bgem3.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;

/**
 * The program as the offline archive lays it out, with the launcher itself, made of what these tests run on;
 * and folders in which a reader's commands can be run.
 */
final class InstalledProgram implements AutoCloseable {
    static final Path JDK = Path.of(System.getProperty("java.home"));
    private static final String MODEL = "bge-m3-mini";
    /** Like the Java of these tests, the program's may start without the optimizing compiler. */
    private static final String JAVA_OPTIONS = ManagementFactory.getRuntimeMXBean().getInputArguments()
            .stream().filter("-XX:TieredStopAtLevel=1"::equals).collect(Collectors.joining());

    private final Path home;
    private final Path user;
    /** Removed at the end: JUnit warns of each that leads out of a temporary folder. */
    private final List<Path> links;

    /** What a command left behind. */
    record Result(int exitCode, List<String> out, List<String> err) {}

    private InstalledProgram(Path home, Path user, List<Path> links) {
        this.home = home;
        this.user = user;
        this.links = links;
    }

    static InstalledProgram install(Path temporary) throws Exception {
        Path home = Files.createDirectory(temporary.resolve("bgem3-home"));
        Path lib = Files.createDirectory(home.resolve("lib"));
        List<Path> links = Collections.synchronizedList(new ArrayList<>());
        int number = 0;
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            Path path = Path.of(entry);
            String name = (number++) + "-" + path.getFileName() + ".jar";
            if (Files.isRegularFile(path)) {
                links.add(Files.createSymbolicLink(lib.resolve(name), path));
            } else if (path.endsWith("classes") && Files.isDirectory(path)) {
                zip(path, lib.resolve(name));
            }
        }
        Files.copy(DocumentPage.ROOT.resolve("bgem3"), home.resolve("bgem3"));
        links.add(Files.createSymbolicLink(home.resolve("runtime"), JDK));
        copyModel(home.resolve("models").resolve(MODEL));
        Files.copy(DocumentPage.ROOT.resolve("models/README.md"), home.resolve("models/README.md"));
        return new InstalledProgram(home,
                Files.createDirectory(temporary.resolve("user")), links);
    }

    /** So that the many starts to come are short; without kept classes they are as right. */
    void keepClasses(Path temporary) throws Exception {
        Path kept = home.resolve("lib/bgem3.aot");
        run(temporary, Map.of("BGEM3_JAVA_OPTS", JAVA_OPTIONS + " -XX:AOTCacheOutput=" + kept),
                "echo text | " + home + "/bgem3 encode --dense --sparse");
        // For starts with and without the Vector API: Java ignores the one that does not match.
        if (Files.exists(kept)) {
            Files.createLink(kept.resolveSibling("bgem3-vector.aot"), kept);
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

    private static void copyModel(Path target) throws IOException {
        Files.createDirectories(target);
        try (Stream<Path> files = Files.list(DocumentPage.ROOT.resolve("models").resolve(MODEL))) {
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(file.getFileName()));
            }
        }
    }

    Path lib() {
        return home.resolve("lib");
    }

    /** Makes a folder that looks like the project's root to a command, with the files that pages tell of. */
    Path workFolder(Path folder) throws IOException {
        Files.createDirectories(folder.resolve("app/target"));
        Files.createSymbolicLink(folder.resolve("app/target/lib"), lib());
        Files.createSymbolicLink(folder.resolve("models"), home.resolve("models"));
        Files.createSymbolicLink(folder.resolve("bgem3"), home.resolve("bgem3"));
        for (String name : List.of("README.md", "docs", "examples", "src", "bench")) {
            links.add(Files.createSymbolicLink(folder.resolve(name), DocumentPage.ROOT.resolve(name)));
        }
        Files.writeString(folder.resolve("texts.txt"), "What is BGE M3?\n");
        Files.writeString(folder.resolve("texts.jsonl"), """
                {"id": "a", "text": "What is BGE M3?"}
                {"id": 7, "text": "BM25 is a bag-of-words retrieval function."}
                """);
        Files.writeString(folder.resolve("pairs.jsonl"), """
                {"id": 1, "query": "What is BM25?", "passage": "BM25 ranks documents."}
                """);
        Files.writeString(folder.resolve("Example.java"),
                DocumentPage.read(DocumentPage.ROOT.resolve("README.md")).code("java"));
        return folder;
    }

    ProcessBuilder process(Path folder, Map<String, String> environment, String command) {
        ProcessBuilder builder = new ProcessBuilder("/bin/bash", "-c", command).directory(folder.toFile());
        Map<String, String> variables = builder.environment();
        variables.keySet().removeIf(
                name -> name
                        .matches("BGEM3_.*|J(AVA|DK)_.*|_JAVA_.*|HF_.*|XDG_.*|LANG|LC_.*|.*_(proxy|PROXY)"));
        variables.putAll(Map.of("HOME", user.toString(), "HF_HOME", user.resolve("huggingface").toString(),
                "BGEM3_MODEL", MODEL, "JAVA_HOME", JDK.toString(), "PATH",
                JDK.resolve("bin") + ":" + home + ":/usr/bin:/bin"));
        variables.put("BGEM3_JAVA_OPTS", JAVA_OPTIONS);
        variables.putAll(environment);
        return builder;
    }

    Result run(Path folder, Map<String, String> environment, String command) throws Exception {
        Path out = Files.createTempFile(user, "out", "");
        Path err = Files.createTempFile(user, "err", "");
        Process process = process(folder, environment, command).redirectInput(new File("/dev/null"))
                .redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        try {
            assertThat(process.waitFor(120, TimeUnit.SECONDS)).as("%s: ended", command).isTrue();
        } finally {
            process.destroyForcibly();
        }
        return new Result(process.exitValue(), lines(out), lines(err));
    }

    private static List<String> lines(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8).lines().toList();
    }

    @Override
    public void close() throws IOException {
        for (Path link : links) {
            Files.deleteIfExists(link);
        }
    }
}
