package dev.bgem3.bench;

import dev.bgem3.tokenizer.Encoding;
import dev.bgem3.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Encodes text to ids on one thread: 256 texts of mixed languages, or the lines of a file. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class TokenizerBenchmark {
    private static final long SEED = 4;
    private static final int TEXTS = 256;
    private static final int PIECES = 400;

    /** A model folder; relative to the project's root. */
    @Param(Models.MINI)
    String model;

    /** A UTF-8 file whose lines are encoded; if empty, the text is generated from the vocabulary's pieces. */
    @Param("")
    String file;

    private Tokenizer tokenizer;
    private List<String> texts;
    private double megabytes;

    /** Counts bytes. */
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    @State(Scope.Thread)
    public static class Bytes {
        /** The bytes of UTF-8 of this iteration, in units of 10⁶. */
        public double megabytes;
    }

    /** Creates the texts; checks that decoding the ids of generated texts restores the texts. */
    @Setup
    public void open() {
        tokenizer = Tokenizer.load(Models.folder(model));
        if (file.isEmpty()) {
            SampleText sample = new SampleText(tokenizer, SEED);
            texts = Stream.generate(() -> sample.next(PIECES)).limit(TEXTS).toList();
            texts.forEach(this::checkRoundTrip);
        } else {
            texts = lines(Path.of(file));
        }
        megabytes = texts.stream().mapToLong(text -> text.getBytes(StandardCharsets.UTF_8).length).sum()
                / 1e6;
    }

    private void checkRoundTrip(String text) {
        int[] ids = tokenizer.encode(text).ids();
        String decoded = tokenizer.decode(Arrays.copyOfRange(ids, 1, ids.length - 1));
        if (!decoded.equals(text)) {
            throw new IllegalStateException("decoded: " + decoded + " (expected: " + text + ")");
        }
    }

    private static List<String> lines(Path path) {
        try {
            return Files.readAllLines(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Measures encoding all texts, one after another. */
    @Benchmark
    public long encode(Bytes done) {
        long tokens = 0;
        for (String text : texts) {
            Encoding encoding = tokenizer.encode(text);
            tokens += encoding.ids().length;
        }
        done.megabytes += megabytes;
        return tokens;
    }
}
