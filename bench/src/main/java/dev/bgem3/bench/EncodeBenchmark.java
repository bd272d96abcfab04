package dev.bgem3.bench;

import dev.bgem3.BgeM3;
import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.KernelKind;
import dev.bgem3.LoadOptions;
import dev.bgem3.Output;
import dev.bgem3.Precision;
import dev.bgem3.kernel.Arithmetic;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Encodes texts to all outputs of the model: tokenizer, encoder and heads. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class EncodeBenchmark {
    private static final long SEED = 5;
    /** Small because the scalar kernels compute the same tokens, which takes seconds at BGE-M3's size. */
    private static final int CHECKED_TOKENS = 8;

    /** A model folder; relative to the project's root. */
    @Param(Models.MINI)
    String model;

    /** The kernels; {@code scalar} takes minutes for a pass of a model of BGE-M3's size. */
    @Param("vector")
    String kernels;

    /** The precision: {@code FP32}; with {@code jit} also {@code BF16} and {@code INT8}. */
    @Param("FP32")
    String precision;

    /** The number of threads; 0 stands for the number of processors. */
    @Param("0")
    int threads;

    /** The number of texts × the tokens of each, {@code <s>} and {@code </s>} included. */
    @Param({"1x16", "1x128", "8x128"})
    String texts;

    private BgeM3 loaded;
    private List<String> batch;
    private EncodeOptions options;

    /** Loads the model, and compares the outputs of a short text with those of the scalar kernels. */
    @Setup
    public void open() {
        Path folder = Models.folder(model);
        BatchShape shape = BatchShape.parse(texts);
        loaded = load(folder, kernels, Precision.valueOf(precision));
        SampleText sample = new SampleText(loaded.tokenizer(), SEED);
        // A text of n pieces has at least n / 4 tokens, because neighbouring pieces seldom merge and a piece
        // has at most 16 characters.
        batch = Stream.generate(() -> sample.next(4 * shape.tokens())).limit(shape.texts()).toList();
        options = options(shape.tokens());
        for (Embedding embedding : loaded.encode(batch, options)) {
            if (embedding.tokenCount() != shape.tokens()) {
                throw new IllegalStateException(
                        "tokens: " + embedding.tokenCount() + " (expected: " + shape.tokens() + ")");
            }
        }
        try (BgeM3 reference = load(folder, "scalar", Precision.FP32)) {
            EncodeOptions few = options(Math.min(CHECKED_TOKENS, shape.tokens()));
            check(loaded.encode(batch.getFirst(), few), reference.encode(batch.getFirst(), few));
        }
    }

    private BgeM3 load(Path folder, String name, Precision arithmetic) {
        return BgeM3.load(folder,
                LoadOptions.builder().kernels(KernelKind.of(name)).precision(arithmetic).threads(threads)
                        .build());
    }

    private EncodeOptions options(int maxLength) {
        return EncodeOptions.builder().outputs(loaded.info().outputs()).maxLength(maxLength).build();
    }

    private void check(Embedding actual, Embedding expected) {
        double tolerance = Agreement.of(Arithmetic.valueOf(precision));
        Agreement.check("dense", actual.dense().values(), expected.dense().values(), tolerance);
        // In the reduced precisions a weight near 0 may be missing on one side, so the arrays may differ in
        // length.
        if (expected.has(Output.SPARSE) && precision.equals("FP32")) {
            Agreement.check("sparse", actual.lexicalWeights().weights(), expected.lexicalWeights().weights(),
                    tolerance);
        }
        if (expected.has(Output.COLBERT)) {
            Agreement.check("colbert", actual.colbert().values(), expected.colbert().values(), tolerance);
        }
    }

    /** Measures encoding all texts in one call. */
    @Benchmark
    public List<Embedding> encode(KernelBenchmark.Tokens done) {
        List<Embedding> embeddings = loaded.encode(batch, options);
        for (Embedding embedding : embeddings) {
            done.tokens += embedding.tokenCount();
        }
        return embeddings;
    }

    /** Frees the model. */
    @TearDown
    public void close() {
        loaded.close();
    }
}
