package dev.bgem3.app.handler;

import dev.bgem3.BgeM3;
import dev.bgem3.Device;
import dev.bgem3.EncodeOptions;
import dev.bgem3.ModelInfo;
import dev.bgem3.Output;
import dev.bgem3.RunOptions;
import dev.bgem3.app.stream.ResultFile;
import dev.bgem3.app.stream.Streams;
import dev.bgem3.app.wire.BenchmarkResult;
import dev.bgem3.app.wire.ResultWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Measures forward passes of random token ids through the encoder and its heads.
 *
 * @param loadNanos
 *            the time it took to load the model
 * @param batch
 *            the number of texts in a pass
 * @param tokens
 *            the number of tokens in a text
 * @param repeat
 *            the minimum number of passes to measure
 */
public record BenchHandler(BgeM3 model, long loadNanos, int batch, int tokens, int repeat) {
    private static final long SEED = 20_240_205;
    /** The ids below are special tokens. */
    private static final int FIRST_ID = 4;
    private static final int MIN_WARM_UP = 2;
    /**
     * Short passes are repeated for this long, so that the compiler has optimized them and the median has
     * enough samples.
     */
    private static final long MIN_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int MAX_PASSES = 1_000;
    private static final Path STATUS = Path.of("/proc/self/status");

    /** Checks the arguments. */
    public BenchHandler {
        atLeastOne("--batch", batch);
        atLeastOne("--repeat", repeat);
        ModelLimits.requireWithin("--tokens", tokens, 2, model.info().maxLength(), ", the model's limit");
    }

    private static void atLeastOne(String option, int value) {
        if (value < 1) {
            throw new UsageException(option + ": " + value + " (expected: at least 1)");
        }
    }

    /** Warms up, measures, and writes one line of JSON. */
    public void run(Streams streams, ResultFile result) {
        ModelInfo info = model.info();
        List<int[]> ids = randomIds(info.vocabSize());
        double[] millis;
        // Short passes exceed this total, but end before progress is shown.
        try (TextProgress progress = new TextProgress(streams, (long) batch * (MIN_WARM_UP + repeat))) {
            EncodeOptions options = EncodeOptions.builder().outputs(info.outputs()).build();
            RunOptions run = RunOptions.builder().progress(progress).build();
            passes(ids, options, run, MIN_WARM_UP);
            millis = passes(ids, options, run, repeat);
        }
        Arrays.sort(millis);
        double median = (millis[(millis.length - 1) / 2] + millis[millis.length / 2]) / 2;
        double seconds = median / 1e3;
        ResultWriter writer = new ResultWriter(result.stream());
        writer.benchmark(new BenchmarkResult(batch, tokens, info.precision().label(),
                info.devices().stream().map(Device::toString).collect(Collectors.joining(",")),
                info.kernels().name(),
                info.threads(), rounded(median), rounded(millis[0]), rounded(millis[millis.length - 1]),
                rounded((double) batch * tokens / seconds), rounded(operations(info) / seconds / 1e9),
                rounded(loadNanos / 1e6), peakMemory()));
        writer.flush();
    }

    private double[] passes(List<int[]> ids, EncodeOptions options, RunOptions run, int min) {
        List<Double> millis = new ArrayList<>();
        long start = System.nanoTime();
        while (millis.size() < min
                || millis.size() < MAX_PASSES && System.nanoTime() - start < MIN_NANOS) {
            long before = System.nanoTime();
            model.encodeTokenIds(ids, options, run);
            millis.add((System.nanoTime() - before) / 1e6);
        }
        return millis.stream().mapToDouble(Double::doubleValue).toArray();
    }

    private List<int[]> randomIds(int vocabSize) {
        SplittableRandom random = new SplittableRandom(SEED);
        return Stream.generate(() -> random.ints(tokens, FIRST_ID, vocabSize - 1).toArray()).limit(batch)
                .toList();
    }

    /** Counts the operations of the encoder's products and attention; the help gives the formula. */
    private double operations(ModelInfo info) {
        double hidden = info.hiddenSize();
        double layerParameters = 4 * hidden * hidden + 2 * hidden * info.intermediateSize();
        double all = (double) batch * tokens;
        return info.layerCount() * (2 * all * layerParameters + 4 * all * tokens * hidden);
    }

    private static double rounded(double value) {
        return Math.round(value * 1e3) / 1e3;
    }

    /** Returns the peak of the resident set in MiB: {@code VmHWM} in proc(5), in kB of 1,024 bytes. */
    private static OptionalLong peakMemory() {
        if (!Files.isReadable(STATUS)) {
            return OptionalLong.empty();
        }
        try (Stream<String> lines = Files.lines(STATUS)) {
            return lines.filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024).findFirst();
        } catch (IOException _) {
            return OptionalLong.empty();
        }
    }
}
