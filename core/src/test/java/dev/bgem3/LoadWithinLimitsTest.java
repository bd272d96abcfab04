package dev.bgem3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.convert.SyntheticModel;
import dev.bgem3.sample.LimitedLoadMain;
import dev.bgem3.testsupport.TestSizes;
import dev.bgem3.tokenizer.Tokenizer;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Loading where the system grants few threads, descriptors or bytes: it works or is refused in the library's
 * own words, and leaves no thread.
 */
class LoadWithinLimitsTest {
    /** Nobody's, so that no other process counts; the superuser has no limit of threads. */
    private static final String USER = "54321";

    /**
     * Java itself ends where its native code gets no memory: so glibc takes 128 MiB more than it needs from
     * the start, in the one place from which it serves all threads (mallopt(3)).
     */
    private static final Map<String, String> RESERVE = Map.of("MALLOC_ARENA_MAX", "1", "MALLOC_TOP_PAD_",
            Integer.toString(1 << 27), "MALLOC_MMAP_THRESHOLD_", Integer.toString(1 << 30));

    private static final int MAX_ATTEMPTS = 5;
    private static final String OUT_OF_NATIVE_MEMORY = "insufficient memory for the Java Runtime Environment";

    private static final Map<String, String> LIMITS = Map.of("threads", "--nproc=120", "descriptors",
            "--nofile=80", "first", "--nofile=80", "memory", "--as=4000000000");

    @TempDir
    private static Path temporary;
    private static final Map<String, CompletableFuture<Outcome>> OUTCOMES = new HashMap<>();

    /** What a process with a limit printed. */
    private record Outcome(int exitCode, List<String> lines, String errors) {}

    /** Starts all processes, which use different resources, at once. */
    @BeforeAll
    static void start() {
        LIMITS.forEach((limited, limit) -> {
            CompletableFuture<Outcome> outcome = new CompletableFuture<>();
            OUTCOMES.put(limited, outcome);
            Thread.ofPlatform().daemon().start(() -> {
                try {
                    outcome.complete(load(limited, limit));
                } catch (Throwable thrown) {
                    outcome.completeExceptionally(thrown);
                }
            });
        });
    }

    private static Outcome load(String limited, String limit) throws IOException, InterruptedException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String classes = UserProgramTest.path(BgeM3.class, Tokenizer.class, LimitedLoadMain.class);
        if (limited.equals("first")) {
            classes = jars(classes);
        }
        List<String> command = new ArrayList<>(List.of("prlimit", limit));
        boolean asAnotherUser = limited.equals("threads");
        if (asAnotherUser) {
            command.addAll(0, List.of("setpriv", "--reuid=" + USER, "--clear-groups"));
        }
        String tools = String.join(" ", command);
        String fault = fault(Stream.concat(command.stream(), Stream.of("true")).toList());
        assumeTrue(fault.isEmpty(), () -> tools + " does not work here: " + fault);
        command.addAll(List.of(java, "-Xmx64m", "-XX:+UseSerialGC", "-XX:CompressedClassSpaceSize=64m",
                "-XX:ReservedCodeCacheSize=64m", "-Xlog:disable", "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED", "-cp", classes, LimitedLoadMain.class.getName()));
        String noStart = fault(command);
        assumeTrue(!asAnotherUser || noStart.isEmpty(),
                () -> "user " + USER + " cannot start Java here, of which it may read no file: " + noStart);
        assertThat(noStart).as("Java with " + limit).isEmpty();
        Path model = Fixtures.TINY;
        if (limited.equals("memory")) {
            model = temporary.resolve("model"); // Its weights take 140 MB in the file, and 200 MB in fp32.
            SyntheticModel.write(model, new SyntheticModel.Sizes(4, 1024, 16, 4096, 20_000, 514), 1,
                    Optional.empty());
        }
        command.addAll(List.of(limited, model.toString(), TestSizes.pick("4", "12"),
                TestSizes.pick("16", "40")));
        Path out = temporary.resolve(limited + ".out");
        Path errors = temporary.resolve(limited + ".errors");
        Path cache = temporary.resolve(limited + ".cache");
        for (String file : List.of("listed/snapshots/1/config.json", "read/refs/main",
                "read/snapshots/1/config.json")) {
            Path path = cache.resolve("models--a--" + file);
            Files.createDirectories(path.getParent());
            Files.writeString(path, "1");
        }
        int exitCode = run(command, cache, out, errors);
        // Java's own compilers end the process where malloc fails, which no library can prevent: try again.
        for (int i = 1; i < MAX_ATTEMPTS && Files.readString(out).contains(OUT_OF_NATIVE_MEMORY); i++) {
            exitCode = run(command, cache, out, errors);
        }
        return new Outcome(exitCode, Files.readAllLines(out), Files.readString(errors));
    }

    @ParameterizedTest
    @ValueSource(strings = {"threads", "descriptors", "first", "memory"})
    void worksOrIsRefusedAndLeavesNoThread(String limited) throws Throwable {
        Outcome outcome;
        try {
            outcome = OUTCOMES.get(limited).get();
        } catch (ExecutionException e) {
            throw e.getCause();
        }
        List<String> lines = outcome.lines();
        assertThat(outcome.exitCode()).as("%s %s", lines, outcome.errors()).isZero();
        assertThat(lines).as(outcome.errors()).hasSizeGreaterThan(5).allMatch(line -> line.endsWith(" 0"))
                .noneMatch(line -> line.startsWith("FAULT"));
        assertThat(lines).anyMatch(line -> line.startsWith("refused"));
        if (LIMITS.get(limited).startsWith("--nofile")) {
            assertThat(lines).filteredOn(line -> line.startsWith("refused"))
                    .allMatch(line -> line.matches("refused (Backend|Tokenizer)Exception: .*"))
                    .filteredOn(line -> line.endsWith("(the limit is that of ulimit -n) 0"))
                    .hasSizeGreaterThanOrEqualTo(5);
        }
        if (!limited.equals("first")) {
            assertThat(lines.getFirst()).isEqualTo("loaded 0");
        }
        assertThat(lines.getLast()).isEqualTo("loaded 0");
    }

    /** Puts folders of classes into jars, which Java keeps open, so that no class needs a descriptor. */
    private static String jars(String folders) {
        List<String> jars = new ArrayList<>();
        for (String folder : folders.split(File.pathSeparator)) {
            if (Files.isRegularFile(Path.of(folder))) {
                jars.add(folder); // A module that is packaged before this one is tested.
                continue;
            }
            String jar = temporary.resolve(jars.size() + ".jar").toString();
            assertThat(ToolProvider.findFirst("jar").orElseThrow().run(System.out, System.err, "--create",
                    "--no-compress", "--file", jar, "-C", folder, ".")).isZero();
            jars.add(jar);
        }
        return String.join(File.pathSeparator, jars);
    }

    private static int run(List<String> command, Path cache, Path out, Path errors)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).directory(temporary.toFile())
                .redirectOutput(out.toFile()).redirectError(errors.toFile());
        builder.environment().putAll(RESERVE);
        builder.environment().put("HF_HUB_CACHE", cache.toString());
        Process process = builder.start();
        try {
            assertThat(process.waitFor(120, TimeUnit.SECONDS)).as("ended").isTrue();
            return process.exitValue();
        } finally {
            process.destroyForcibly();
        }
    }

    /** What a command says where it fails; empty where it does not. */
    private static String fault(List<String> command) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int exitCode = process.waitFor();
            return exitCode == 0 ? "" : "exit code " + exitCode + ": " + said.strip();
        } catch (IOException e) {
            return e.getMessage();
        }
    }
}
