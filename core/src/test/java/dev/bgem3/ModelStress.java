package dev.bgem3;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.sample.StressMain;
import dev.bgem3.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Makes random calls, which fail in every possible way, to one model and one queue with a small heap; the
 * Maven profile {@code stress} runs it for five minutes or {@code -Dbgem3.stress.seconds}. Runs in a separate
 * process because that runs out of memory.
 */
class ModelStress {
    @TempDir
    private Path temporary;

    @Test
    void leaksNoThreadMappingOrPermitAndChangesNoBit() throws IOException, InterruptedException {
        long seconds = Long.parseLong(System.getProperty("bgem3.stress.seconds"));
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
        Process process = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx48m", "-XX:+UseSerialGC", "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED", "-cp",
                UserProgramTest.path(BgeM3.class, Tokenizer.class, StressMain.class),
                StressMain.class.getName(), model.toString(), Long.toString(seconds), Long.toString(seed))
                .redirectOutput(out.toFile()).redirectError(errors.toFile()).start();
        try {
            assertThat(process.waitFor(seconds + 180, TimeUnit.SECONDS)).as("ended").isTrue();
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
