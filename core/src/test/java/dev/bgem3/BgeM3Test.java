package dev.bgem3;

import static dev.bgem3.Embeddings.ALL;
import static dev.bgem3.Embeddings.assertSameBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.error.BackendException;
import dev.bgem3.error.CancelledException;
import dev.bgem3.error.InputException;
import dev.bgem3.testsupport.DefaultKernels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests which texts, requests and settings the public API accepts, and its messages for those that it does
 * not.
 */
class BgeM3Test {
    private static BgeM3 model;

    @BeforeAll
    static void load() {
        model = BgeM3.load(Fixtures.TINY);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @Test
    void answersAnEmptyListWithAnEmptyList() {
        assertThat(model.encode(List.of(), ALL)).isEmpty();
        assertThat(model.encode(Stream.of(), ALL)).isEmpty();
        assertThat(model.encodeTokenIds(List.of(), ALL)).isEmpty();
        assertThat(model.computeScore(List.of())).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "\n\t\u00a0\u3000 "})
    void encodesEmptyAndBlankTextsAsTheTwoSpecialTokens(String text) {
        Embedding embedding = model.encode(text, ALL);
        assertThat(embedding.tokenCount()).isEqualTo(2);
        assertThat(embedding.truncated()).isFalse();
        assertThat(embedding.lexicalWeights().size()).isZero();
        assertThat(embedding.colbert().rows()).isOne();
        Embeddings.assertSound("blank", embedding);
        assertSameBits("blank", embedding, model.encodeTokenIds(List.of(new int[]{0, 2}), ALL).getFirst());
    }

    @Test
    void readsALoneSurrogateAsTheReplacementCharacterAndAcceptsNul() {
        Embedding replacement = model.encode("a \ufffd b", ALL);
        assertSameBits("high", model.encode("a \ud800 b", ALL), replacement);
        assertSameBits("low", model.encode("a \udc00 b", ALL), replacement);
        Embeddings.assertSound("nul", model.encode("\u0000", ALL));
        Embeddings.assertSound("nul inside", model.encode("a\u0000b", ALL));
    }

    @Test
    void cutsATextThatIsTooLongAndReportsIt() {
        String text = "long ".repeat(600);
        int full = model.tokenizer().encode(text).ids().length;
        assertThat(full).isGreaterThan(512);
        Embedding cut = model.encode(text, ALL);
        assertThat(cut.tokenCount()).isEqualTo(512).isEqualTo(model.info().maxLength());
        assertThat(cut.fullTokenCount()).isEqualTo(full);
        assertThat(cut.truncated()).isTrue();
        assertThat(cut.colbert().rows()).isEqualTo(511);
        EncodeOptions ten = EncodeOptions.builder().outputs(ALL.outputs()).maxLength(10).build();
        Embedding shorter = model.encode(text, ten);
        assertThat(shorter.tokenCount()).isEqualTo(10);
        assertThat(shorter.fullTokenCount()).isEqualTo(full);
        int[] ids = model.tokenizer().encode(text, 10).ids();
        assertThat(shorter.dense()).isEqualTo(model.encodeTokenIds(List.of(ids), ALL).getFirst().dense());
    }

    @Test
    void doesNotCutATextOfExactlyTheMaximumLength() {
        String text = "What is BGE M3?";
        int length = model.tokenizer().encode(text).ids().length;
        Embedding whole = model.encode(text, EncodeOptions.builder().maxLength(length).build());
        assertThat(whole.truncated()).isFalse();
        assertThat(whole.tokenCount()).isEqualTo(length);
        Embedding cut = model.encode(text, EncodeOptions.builder().maxLength(length - 1).build());
        assertThat(cut.truncated()).isTrue();
        assertThat(cut.fullTokenCount()).isEqualTo(length);
        assertThat(model.encode(text, EncodeOptions.builder().maxLength(2).build()).dense())
                .isEqualTo(model.encode("").dense());
    }

    @Test
    void namesTheNullText() {
        assertThatNullPointerException().isThrownBy(() -> model.encode((String) null)).withMessage("text");
        assertThatNullPointerException().isThrownBy(() -> model.encodeQueries((String) null))
                .withMessage("query");
        assertThatNullPointerException().isThrownBy(() -> model.encodeCorpus((String) null))
                .withMessage("passage");
        assertThatNullPointerException().isThrownBy(() -> model.encode((List<String>) null))
                .withMessage("texts");
        assertThatNullPointerException().isThrownBy(() -> model.encode("text", null)).withMessage("options");
        assertRefused("text 2: null (expected: a string)",
                () -> model.encode(Arrays.asList("a", "b", null), ALL));
        assertRefused("pair 1: null (expected: a query and a passage)",
                () -> model.computeScore(Arrays.asList(new TextPair("a", "b"), null)));
        assertRefused("pair 0: null (expected: a query and a passage)",
                () -> model.computeScore(List.of(new TextPair("a", null))));
    }

    @Test
    void numbersTheTextsOfAStreamFromItsBeginning() {
        RunOptions small = RunOptions.builder().tokenBudget(1).build();
        List<String> texts = new ArrayList<>(IntStream.range(0, 50).mapToObj(i -> "text " + i).toList());
        texts.set(37, null);
        assertRefused("text 37: null (expected: a string)",
                () -> model.encode(texts.stream(), EncodeOptions.defaults(), small).forEach(embedding -> {}));
        assertRefused("text 37: null (expected: a string)",
                () -> model.encodeQueries(texts.stream(), EncodeOptions.defaults(), small)
                        .forEach(embedding -> {}));
        assertRefused("text 37: null (expected: a string)",
                () -> model.encodeCorpus(texts.stream(), EncodeOptions.defaults(), small)
                        .forEach(embedding -> {}));
    }

    @Test
    void numbersPairsFromTheBeginning() {
        List<TextPair> pairs = new ArrayList<>(
                IntStream.range(0, 300).mapToObj(i -> new TextPair("query", "p " + i % 3)).toList());
        pairs.set(299, new TextPair(null, "p"));
        EncodeOptions two = EncodeOptions.builder().maxLength(2).build();
        assertRefused("pair 299: null (expected: a query and a passage)",
                () -> model.computeScore(pairs, ScoreWeights.EQUAL, two));
    }

    @Test
    void namesInvalidTokenIds() {
        assertRefused("text 1: null (expected: 1..512)",
                () -> model.encodeTokenIds(Arrays.asList(new int[]{0}, null), ALL));
        assertRefused("text 0: 0 token ids (expected: 1..512)",
                () -> model.encodeTokenIds(List.of(new int[0]), ALL));
        assertRefused("text 0: 513 token ids (expected: 1..512)",
                () -> model.encodeTokenIds(List.of(new int[513]), ALL));
        assertRefused("text 0: token id -1 (expected: 0..1501)",
                () -> model.encodeTokenIds(List.of(new int[]{0, -1}), ALL));
        assertRefused("text 0: token id 1502 (expected: 0..1501)",
                () -> model.encodeTokenIds(List.of(new int[]{0, 1502}), ALL));
    }

    @Test
    void encodesASingleTokenIdWithoutColbertVectors() {
        Embedding one = model.encodeTokenIds(List.of(new int[]{7}), ALL).getFirst();
        assertThat(one.colbert().rows()).isZero();
        assertThat(one.dense().dimension()).isEqualTo(128);
    }

    @Test
    void refusesOptionsBeyondTheModelsLimits() {
        assertRefused("maxLength: 513 (expected: 2..512, the model's limit)",
                () -> model.encode("a", EncodeOptions.builder().maxLength(513).build()));
        assertRefused("truncateDim: 129 (expected: 1..128)",
                () -> model.encode("a", EncodeOptions.builder().truncateDim(129).build()));
    }

    @DefaultKernels
    @Test
    void refusesFp16OnACpu() {
        LoadOptions options = LoadOptions.builder().precision(Precision.FP16).build();
        assertThatExceptionOfType(BackendException.class).isThrownBy(() -> BgeM3.load(Fixtures.TINY, options))
                .withMessage("precision: fp16 (expected: " + Arithmetic.cpuLabels() + "; fp16 is for GPUs)");
    }

    static Stream<Precision> refusesAPrecisionThatTheKernelsDoNotCompute() {
        return PackedWeights.PRECISIONS.stream().filter(precision -> precision != Precision.FP32);
    }

    @ParameterizedTest
    @MethodSource
    void refusesAPrecisionThatTheKernelsDoNotCompute(Precision precision) {
        for (String kernels : List.of("scalar", "vector")) {
            LoadOptions options = LoadOptions.builder().kernels(KernelKind.of(kernels)).precision(precision)
                    .build();
            assertThatExceptionOfType(BackendException.class)
                    .isThrownBy(() -> BgeM3.load(Fixtures.TINY, options))
                    .withMessage("precision: " + precision.label()
                            + " (expected: fp32, which is all that the " + kernels
                            + " kernels compute here)");
        }
    }

    @Test
    void listsTheInstalledKernelsForAnUnknownName() {
        assertThatExceptionOfType(BackendException.class)
                .isThrownBy(
                        () -> BgeM3.load(Fixtures.TINY,
                                LoadOptions.builder().kernels(KernelKind.of("abacus")).build()))
                .withMessageStartingWith("kernels: abacus (expected one of: ").withMessageContaining("vector")
                .withMessageContaining("scalar");
    }

    @Test
    void describesTheLoadedModel() {
        LoadOptions options = LoadOptions.builder().kernels(KernelKind.VECTOR).threads(3).build();
        try (BgeM3 other = BgeM3.load(Fixtures.TINY, options)) {
            ModelInfo info = other.info();
            assertThat(info.folder()).isEqualTo(Fixtures.TINY);
            assertThat(info.outputs()).containsExactlyInAnyOrder(Output.values());
            assertThat(info.maxLength()).isEqualTo(512);
            assertThat(info.hiddenSize()).isEqualTo(128);
            assertThat(info.kernels()).isEqualTo(KernelKind.VECTOR);
            assertThat(info.threads()).isEqualTo(3);
            assertThat(info.precision()).isEqualTo(Precision.FP32);
        }
    }

    @Test
    void namesTheOutputThatWasNotRequested() {
        Embedding dense = model.encode("a");
        assertThat(dense.has(Output.DENSE)).isTrue();
        assertThat(dense.has(Output.SPARSE)).isFalse();
        assertThatExceptionOfType(IllegalStateException.class).isThrownBy(dense::lexicalWeights)
                .withMessage("sparse was not computed (expected: Output.SPARSE in EncodeOptions.outputs)");
        assertThatExceptionOfType(IllegalStateException.class).isThrownBy(dense::colbert)
                .withMessage("colbert was not computed (expected: Output.COLBERT in EncodeOptions.outputs)");
        Embedding sparse = model.encode("a", EncodeOptions.of(Output.SPARSE));
        assertThatExceptionOfType(IllegalStateException.class).isThrownBy(sparse::dense)
                .withMessage("dense was not computed (expected: Output.DENSE in EncodeOptions.outputs)");
    }

    @Test
    void cutsATextAtEitherEndAndKeepsTheSpecialTokens() {
        String text = "one two three four five six seven eight nine ten";
        int[] ids = model.tokenizer().encode(text).ids();
        for (int length : new int[]{2, 3, 7, ids.length - 1, ids.length, ids.length + 1}) {
            int kept = Math.min(length, ids.length) - 1;
            int[] left = new int[kept + 1];
            System.arraycopy(ids, ids.length - kept, left, 1, kept);
            int[] right = Arrays.copyOf(ids, kept + 1);
            right[kept] = ids[ids.length - 1];
            for (Truncation truncation : Truncation.values()) {
                Embedding cut = model.encode(text,
                        ALL.toBuilder().maxLength(length).truncation(truncation).build());
                int[] expected = truncation == Truncation.LEFT ? left : right;
                Embedding of = model.encodeTokenIds(List.of(expected), ALL).getFirst();
                assertThat(cut.dense()).as("%s %d", truncation, length).isEqualTo(of.dense());
                assertThat(cut.lexicalWeights()).isEqualTo(of.lexicalWeights());
                assertThat(cut.colbert()).isEqualTo(of.colbert());
                assertThat(cut.truncated()).isEqualTo(length < ids.length);
                assertThat(cut.fullTokenCount()).isEqualTo(ids.length);
            }
        }
    }

    @Test
    void reportsProgressAfterEachBatch() {
        List<String> texts = RandomTexts.seeded("progress").texts(100, 30);
        AtomicInteger calls = new AtomicInteger();
        int[] textsDone = new int[1];
        long[] tokensDone = new long[1];
        Thread caller = Thread.currentThread();
        RunOptions run = RunOptions.builder().tokenBudget(64).progress((newTexts, newTokens) -> {
            assertThat(Thread.currentThread()).isSameAs(caller);
            assertThat(newTexts).isPositive();
            assertThat(newTokens <= 64 || newTexts == 1).isTrue();
            calls.incrementAndGet();
            textsDone[0] += newTexts;
            tokensDone[0] += newTokens;
        }).build();
        List<Embedding> embeddings = model.encode(texts, EncodeOptions.defaults(), run);
        assertThat(textsDone[0]).isEqualTo(100);
        assertThat(tokensDone[0]).isEqualTo(embeddings.stream().mapToLong(Embedding::tokenCount).sum());
        assertThat(calls.get()).isGreaterThan(10);
    }

    @Test
    void endsACancelledCallAndStaysUsable() {
        List<String> texts = RandomTexts.seeded("cancel").texts(40, 20);
        AtomicInteger batches = new AtomicInteger();
        RunOptions run = RunOptions.builder().tokenBudget(16)
                .progress((newTexts, tokens) -> batches.incrementAndGet()).cancelled(() -> batches.get() == 3)
                .build();
        assertThatExceptionOfType(CancelledException.class)
                .isThrownBy(() -> model.encode(texts, EncodeOptions.defaults(), run))
                .withMessage("cancelled by the caller");
        assertThat(batches).hasValue(3);
        assertThat(model.encode("after").dense().dimension()).isEqualTo(128);
        RunOptions atOnce = RunOptions.builder().cancelled(() -> true).build();
        assertThatExceptionOfType(CancelledException.class)
                .isThrownBy(() -> model.encode(List.of("a"), EncodeOptions.defaults(), atOnce));
        assertThatExceptionOfType(CancelledException.class)
                .isThrownBy(() -> model.encode(Stream.of("a"), EncodeOptions.defaults(), atOnce).toList());
    }

    @Test
    void rethrowsAListenersExceptionAndStaysUsable() {
        RunOptions run = RunOptions.builder().progress((texts, tokens) -> {
            throw new UnsupportedOperationException("from the listener");
        }).build();
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> model.encode(List.of("a"), EncodeOptions.defaults(), run))
                .withMessage("from the listener");
        assertThat(model.encode("after").dense().dimension()).isEqualTo(128);
    }

    @Test
    void encodesOnAnInterruptedThreadAndOnAVirtualOne() throws InterruptedException {
        List<String> texts = List.of("What is BGE M3?", "long ".repeat(300));
        List<Embedding> expected = model.encode(texts, ALL);
        Thread.currentThread().interrupt();
        List<Embedding> interrupted = model.encode(texts, ALL);
        assertThat(Thread.interrupted()).isTrue();
        assertSameBits("interrupted", interrupted, expected);
        AtomicReference<List<Embedding>> virtual = new AtomicReference<>(List.of());
        Thread.ofVirtual().start(() -> virtual.set(model.encode(texts, ALL))).join();
        assertSameBits("virtual", virtual.get(), expected);
    }

    @Test
    void lazilyTakesTextsFromAStreamAndClosesIt() {
        AtomicInteger taken = new AtomicInteger();
        AtomicReference<String> closed = new AtomicReference<>("open");
        Stream<String> texts = IntStream.range(0, 100_000).mapToObj(i -> {
            taken.incrementAndGet();
            return "number " + i;
        }).onClose(() -> closed.set("closed"));
        RunOptions run = RunOptions.builder().tokenBudget(32).build();
        try (Stream<Embedding> embeddings = model.encode(texts, EncodeOptions.defaults(), run)) {
            assertThat(taken).hasValue(0);
            assertThat(embeddings.limit(10).toList()).hasSize(10);
        }
        assertThat(taken.get()).isLessThan(200);
        assertThat(closed).hasValue("closed");
    }

    @Test
    void takesAWindowOfAFlatMapForEachKindOfText() {
        RunOptions run = RunOptions.builder().tokenBudget(32).build();
        EncodeOptions options = EncodeOptions.defaults();
        List<Function<Stream<String>, Stream<Embedding>>> methods = List.of(
                texts -> model.encode(texts, options), texts -> model.encode(texts, options, run),
                texts -> model.encodeQueries(texts, options, run),
                texts -> model.encodeCorpus(texts, options, run));
        for (Function<Stream<String>, Stream<Embedding>> method : methods) {
            AtomicInteger taken = new AtomicInteger();
            Stream<String> texts = Stream.of(1)
                    .flatMap(_ -> IntStream.range(0, 50_000).mapToObj(i -> "number " + i))
                    .peek(_ -> taken.incrementAndGet());
            assertThat(method.apply(texts).findFirst()).isPresent();
            assertThat(taken.get()).isBetween(1, 4096);
        }
    }

    @Test
    void failsAgainAfterAWindowOfAStreamFailed() {
        List<String> texts = new ArrayList<>(Collections.nCopies(5000, "text"));
        texts.set(1, null);
        Iterator<Embedding> embeddings = model.encode(texts.stream(), EncodeOptions.defaults()).iterator();
        assertRefused("text 1: null (expected: a string)", embeddings::hasNext);
        assertRefused("text 1: null (expected: a string)", embeddings::hasNext);
        assertRefused("text 1: null (expected: a string)", embeddings::next);
    }

    private static void assertRefused(String message, Runnable call) {
        assertThatExceptionOfType(InputException.class).isThrownBy(call::run).withMessage(message);
    }
}
