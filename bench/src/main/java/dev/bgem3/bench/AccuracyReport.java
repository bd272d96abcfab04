package dev.bgem3.bench;

import dev.bgem3.BgeM3;
import dev.bgem3.EncodeOptions;
import dev.bgem3.LoadOptions;
import dev.bgem3.Output;
import dev.bgem3.PackedWeights;
import dev.bgem3.Precision;
import dev.bgem3.json.Json;
import dev.bgem3.json.JsonObject;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.KernelProviders;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;

/**
 * Compares the reduced precisions of CPUs with fp32 for all three outputs, and prints Markdown: how close the
 * outputs are on held-out pairs and on the texts of the goldens, how well queries retrieve their passages,
 * and how accurate int8 is if one kind of matrix, or one layer, stays in bf16.
 */
public final class AccuracyReport {
    private static final List<Precision> REDUCED = PackedWeights.PRECISIONS.stream()
            .filter(precision -> precision != Precision.FP32).toList();
    private static final List<String> GOLDEN_MODELS = List.of("src/fixtures/tiny-m3",
            "src/fixtures/tiny-m3-safetensors", "src/fixtures/tiny-m3-sharded");
    private static final String GOLDENS = "src/fixtures/tiny-m3-goldens.json";
    /** The maximum number of groups of layers to keep in bf16; models with more layers group them. */
    private static final int MAX_GROUPS = 6;
    private static final String MODEL_PROPERTY = "bgem3.model";

    private final PrintStream out;

    private AccuracyReport(PrintStream out) {
        this.out = out;
    }

    /** Prints the report for the file of pairs in the argument. */
    public static void main(String... arguments) {
        if (arguments.length != 1) {
            throw new IllegalArgumentException("arguments: " + arguments.length
                    + " (expected: a file of pairs, a JSON object with query and passage on each line)");
        }
        new AccuracyReport(new PrintStream(System.out, true, StandardCharsets.UTF_8)).run(
                Models.folder(System.getProperty(MODEL_PROPERTY, Models.MINI)),
                Pairs.read(Path.of(arguments[0]), Integer.MAX_VALUE));
    }

    private void run(Path folder, Pairs pairs) {
        List<Outputs> expected = encode(folder, Precision.FP32, pairs.texts());
        out.printf(Locale.ROOT, "%s, %,d queries and %,d passages; fp32 by %s%n%n", folder.getFileName(),
                pairs.queries().size(), pairs.passages().size(), kernels(folder));
        fidelityHead("model, precision");
        for (Precision precision : REDUCED) {
            fidelity(folder.getFileName() + ", " + precision.label(),
                    Fidelity.of(encode(folder, precision, pairs.texts()), expected));
        }
        List<String> texts = goldenTexts();
        for (Path golden : goldenModels()) {
            List<Outputs> goldenExpected = encode(golden, Precision.FP32, texts);
            for (Precision precision : REDUCED) {
                fidelity(golden.getFileName() + ", " + precision.label(),
                        Fidelity.of(encode(golden, precision, texts), goldenExpected));
            }
        }
        out.println();
        retrieval(folder, pairs, expected);
        mixes(folder, pairs.texts(), expected);
        Path golden = goldenModels().getFirst();
        mixes(golden, texts, encode(golden, Precision.FP32, texts));
    }

    private static String kernels(Path folder) {
        try (BgeM3 model = BgeM3.load(folder)) {
            return model.info().kernelDescription();
        }
    }

    /** Returns all three outputs of each text, encoded through the public API. */
    static List<Outputs> encode(Path folder, Precision precision, List<String> texts) {
        try (BgeM3 model = BgeM3.load(folder, LoadOptions.builder().precision(precision).build())) {
            return model.encode(texts, EncodeOptions.of(Output.DENSE, Output.SPARSE, Output.COLBERT)).stream()
                    .map(Outputs::of).toList();
        }
    }

    /** Returns the three layouts of the model that produced the goldens. */
    static List<Path> goldenModels() {
        return GOLDEN_MODELS.stream().map(Models::folder).toList();
    }

    /** Returns the texts of the goldens. */
    static List<String> goldenTexts() {
        try {
            JsonObject goldens = (JsonObject) Json.parse(Files.readAllBytes(Models.folder(GOLDENS)));
            return goldens.array("encode").orElseThrow().elements().stream()
                    .flatMap(run -> ((JsonObject) run).array("items").orElseThrow().elements().stream())
                    .map(item -> ((JsonObject) item).string("text").orElseThrow()).distinct().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void fidelityHead(String first) {
        out.println("| " + first + " | dense cosine: least | 1st percentile | median "
                + "| ColBERT rows' cosine: 1st percentile | median "
                + "| five largest lexical weights the same | and in the same order "
                + "| a weight's change, of the text's largest: median | 99th percentile | largest |");
        out.println("|" + " --- |".repeat(11));
    }

    private void fidelity(String name, Fidelity fidelity) {
        out.printf(Locale.ROOT,
                "| %s | %.5f | %.5f | %.5f | %.5f | %.5f"
                        + " | %.1f %% | %.1f %% | %.2f %% | %.1f %% | %.1f %% |%n",
                name, fidelity.dense()[0], Fidelity.firstPercentile(fidelity.dense()),
                Fidelity.median(fidelity.dense()), Fidelity.firstPercentile(fidelity.colbert()),
                Fidelity.median(fidelity.colbert()), 100 * fidelity.sameTop(),
                100 * fidelity.sameTopInOrder(), 100 * Fidelity.median(fidelity.changes()),
                100 * Fidelity.lastPercentile(fidelity.changes()),
                100 * fidelity.changes()[fidelity.changes().length - 1]);
    }

    private void retrieval(Path folder, Pairs pairs, List<Outputs> expected) {
        out.println("| recall@10 | dense | sparse | ColBERT |");
        out.println("| --- | --- | --- | --- |");
        Retrieval base = pairs.retrieval(expected);
        out.printf(Locale.ROOT, "| fp32 | %.2f %% | %.2f %% | %.2f %% |%n", 100 * base.dense(),
                100 * base.sparse(), 100 * base.colbert());
        for (Precision precision : REDUCED) {
            Retrieval found = pairs.retrieval(encode(folder, precision, pairs.texts()));
            out.printf(Locale.ROOT, "| %s | %.2f %% (%+.2f) | %.2f %% (%+.2f) | %.2f %% (%+.2f) |%n",
                    precision.label(), 100 * found.dense(), 100 * (found.dense() - base.dense()),
                    100 * found.sparse(), 100 * (found.sparse() - base.sparse()), 100 * found.colbert(),
                    100 * (found.colbert() - base.colbert()));
        }
    }

    private void mixes(Path folder, List<String> texts, List<Outputs> expected) {
        out.println();
        KernelProvider provider = KernelProviders.named("jit", Arithmetic.INT8);
        MixedModel.Kind[] kinds = MixedModel.Kind.values();
        int layers = layerCount(folder);
        int groups = Math.min(layers, MAX_GROUPS);
        fidelityHead(folder.getFileName() + ", int8 but for what is kept in bf16");
        Mix mix = (kept, isBf16) -> {
            try (MixedModel model = new MixedModel(folder, provider, isBf16)) {
                fidelity(kept, Fidelity.of(model.encode(texts), expected));
            }
        };
        mix.measure("nothing", _ -> false);
        mix.measure("heads", i -> i >= kinds.length * layers);
        for (MixedModel.Kind kind : kinds) {
            mix.measure(kind.label(), i -> i < kinds.length * layers && i % kinds.length == kind.ordinal());
        }
        for (int group = 0; group < groups; group++) {
            int from = group * layers / groups;
            int to = (group + 1) * layers / groups;
            String name = to == from + 1 ? "layer " + from : "layers " + from + " to " + (to - 1);
            IntPredicate isInGroup = i -> i / kinds.length >= from && i / kinds.length < to;
            mix.measure(name, isInGroup);
            for (MixedModel.Kind kind : kinds) {
                mix.measure(name + ", " + kind.label(),
                        isInGroup.and(i -> i % kinds.length == kind.ordinal()));
            }
        }
        mix.measure("everything", _ -> true);
    }

    /** Measures int8 with the linear layers of the given numbers in bf16. */
    @FunctionalInterface
    private interface Mix {
        void measure(String kept, IntPredicate isBf16);
    }

    private static int layerCount(Path folder) {
        try (BgeM3 model = BgeM3.load(folder)) {
            return model.info().layerCount();
        }
    }
}
