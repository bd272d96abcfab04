package dev.bgem3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.sample.LimitedLoadMain;
import dev.bgem3.sample.StressMain;
import dev.bgem3.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Makes random calls, which fail in every possible way, to one model and one queue with a small heap, and
 * with few threads; the Maven profile {@code stress} runs it for five minutes or
 * {@code -Dbgem3.stress.seconds}.
 * Runs in a separate process because that runs out of memory or threads.
 */
class ModelStress {
    /** Nobody's, so that no other process counts; the superuser has no limit of threads. */
    private static final List<String> FEW_THREADS = List.of("setpriv", "--reuid=54321", "--clear-groups",
            "prlimit", "--nproc=150");
    private static final long MAX_SECONDS_OF_FEW_THREADS = 45;

    private static final String JAVA = Path.of(System.getProperty("java.home"), "bin", "java").toString();

    private final long seconds = Long.parseLong(System.getProperty("bgem3.stress.seconds"));
    private final long secondsOfFewThreads = Math.min(MAX_SECONDS_OF_FEW_THREADS, seconds / 2);

    @TempDir
    private Path temporary;

    @Test
    void leaksNoThreadMappingOrPermitAndChangesNoBit() throws IOException, InterruptedException {
        stress(List.of(), seconds - secondsOfFewThreads, "memory");
    }

    @Test
    void survivesTheLimitOfThreads() throws IOException, InterruptedException {
        Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxr-xr-x"));
        assumeTrue(succeeds(Stream.concat(FEW_THREADS.stream(), Stream.of(JAVA, "-cp",
                UserProgramTest.path(BgeM3.class, Tokenizer.class, LimitedLoadMain.class),
                LimitedLoadMain.class.getName())).toList()),
                "setpriv, prlimit or Java does not work here for another user: that needs root on Linux");
        stress(FEW_THREADS, secondsOfFewThreads, "threads");
    }

    private static boolean succeeds(List<String> command) throws InterruptedException {
        try {
            return new ProcessBuilder(command).redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() == 0;
        } catch (IOException _) {
            return false;
        }
    }

    private void stress(List<String> limit, long time, String shortage)
            throws IOException, InterruptedException {
        long seed = RandomTexts.seeded("stress").random().nextLong();
        Path model;
        try (BgeM3 tiny = BgeM3.load(Fixtures.TINY)) {
            int hidden = tiny.info().hiddenSize();
            int[] ids = tiny.tokenizer().encode(StressMain.BAD_TEXT).ids();
            int bad = ids[ids.length - 2];
            model = ModelVariant.ofTiny().change("embeddings.word_embeddings.weight",
                    values -> values[bad * hidden + 3] = Float.NaN).write(temporary.resolve("model"));
        }
        Path out = temporary.resolve("out");
        Path errors = temporary.resolve("errors");
        List<String> command = new ArrayList<>(limit);
        command.addAll(List.of(JAVA, "-Xmx48m", "-XX:+UseSerialGC", "-Xlog:disable",
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-cp",
                UserProgramTest.path(BgeM3.class, Tokenizer.class, StressMain.class),
                StressMain.class.getName(), model.toString(), Long.toString(time), Long.toString(seed),
                shortage));
        Process process = new ProcessBuilder(command)
                .redirectOutput(out.toFile()).redirectError(errors.toFile()).start();
        try {
            assertThat(process.waitFor(time + 180, TimeUnit.SECONDS)).as("ended").isTrue();
        } finally {
            process.destroyForcibly();
        }
        List<String> lines = Files.readAllLines(out);
        lines.forEach(System.out::println);
        assertThat(lines).as("%s", Files.readString(errors)).noneMatch(line -> line.startsWith("FAULT"))
                .endsWith("ended");
        assertThat(process.exitValue()).isZero();
    }
}
