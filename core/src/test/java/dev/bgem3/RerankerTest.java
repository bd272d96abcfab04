package dev.bgem3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.bgem3.error.CancelledException;
import dev.bgem3.error.InputException;
import dev.bgem3.error.ModelException;
import dev.bgem3.error.NonFiniteOutputException;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.kernel.ProvenArithmetics;
import dev.bgem3.testsupport.DefaultKernels;
import dev.bgem3.testsupport.TestSizes;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests the scores of a cross-encoder, and the messages for pairs and models that it cannot score. */
class RerankerTest {
    private static final String QUERY = "What is BGE M3?";

    @TempDir
    private Path folder;

    static Stream<Arguments> kernelsAndPrecisions() {
        return KernelProviders.all().stream()
                .filter(provider -> provider.unavailable().isEmpty() && provider.device().equals("cpu"))
                .flatMap(provider -> ProvenArithmetics.of(provider)
                        .map(how -> Arguments.of(provider.name(), Precision.valueOf(how.name()))));
    }

    @ParameterizedTest
    @MethodSource("kernelsAndPrecisions")
    void givesAPairTheSameBitsHoweverItIsBatched(String kernels, Precision precision) {
        RandomTexts source = RandomTexts.seeded("reranker, " + kernels + " " + precision);
        Random random = source.random();
        List<TextPair> pairs = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            pairs.add(new TextPair(source.text(random.nextInt(20)), source.text(random.nextInt(60))));
        }
        float[] alone = new float[pairs.size()];
        for (int threads : TestSizes.pick(new int[]{1, 3}, new int[]{1, 2, 3})) {
            try (Reranker reranker = Reranker.load(Fixtures.RERANKER,
                    LoadOptions.builder().kernels(KernelKind.of(kernels))
                            .precision(precision).threads(threads).build())) {
                if (threads == 1) {
                    for (int i = 0; i < alone.length; i++) {
                        alone[i] = reranker.computeScore(pairs.get(i));
                    }
                }
                for (int budget : TestSizes.pick(new int[]{50, 4096}, new int[]{1, 50, 333, 4096})) {
                    List<Integer> order = new ArrayList<>(
                            IntStream.range(0, pairs.size()).boxed().toList());
                    Collections.shuffle(order, random);
                    float[] together = scores(reranker, order.stream().map(pairs::get).toList(),
                            RunOptions.builder().tokenBudget(budget).build());
                    for (int i = 0; i < together.length; i++) {
                        assertThat(together[i])
                                .as("threads %s, budget %s, %s", threads, budget, pairs.get(order.get(i)))
                                .isEqualTo(alone[order.get(i)]);
                    }
                }
            }
        }
    }

    @Test
    void ranksPassagesInAnyOrder() {
        List<String> passages = new ArrayList<>(List.of("panda", "BM25 ranks documents.", "", "panda",
                "BGE M3 embeds text.", "   ", "Das Wetter wird schön."));
        try (Reranker reranker = Reranker.load(Fixtures.RERANKER)) {
            List<RerankScore> ranked = reranker.rerank(QUERY, passages);
            assertThat(ranked.stream().map(RerankScore::index)).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5,
                    6);
            for (int i = 1; i < ranked.size(); i++) {
                RerankScore before = ranked.get(i - 1);
                RerankScore after = ranked.get(i);
                assertThat(before.score() > after.score()
                        || before.score() == after.score() && before.index() < after.index()).isTrue();
            }
            // Equal texts have equal scores, so the first comes first; white space has no tokens.
            assertThat(rankOf(ranked, 0)).isEqualTo(rankOf(ranked, 3) - 1);
            assertThat(rankOf(ranked, 2)).isEqualTo(rankOf(ranked, 5) - 1);
            List<String> byRank = ranked.stream().map(score -> passages.get(score.index())).toList();

            Collections.shuffle(passages, new Random(7));
            assertThat(
                    reranker.rerank(QUERY, passages, RerankOptions.builder().normalize(true).build()).stream()
                            .map(score -> passages.get(score.index()).strip()))
                    .isEqualTo(byRank.stream().map(String::strip).toList());
            assertThat(reranker.rerank(QUERY, List.of())).isEmpty();
        }
    }

    private static int rankOf(List<RerankScore> ranked, int index) {
        return ranked.stream().map(RerankScore::index).toList().indexOf(index);
    }

    @Test
    void ranksByRawScoresIfSigmoidsAreEqual() {
        Path sure = ModelVariant.ofReranker().change("classifier.out_proj.bias", bias -> bias[0] = 40)
                .write(folder);
        List<String> passages = List.of("panda", "BM25 ranks documents.", "BGE M3 embeds text.");
        try (Reranker reranker = Reranker.load(sure); Reranker tiny = Reranker.load(Fixtures.RERANKER)) {
            List<RerankScore> ranked = reranker.rerank(QUERY, passages,
                    RerankOptions.builder().normalize(true).build());
            assertThat(ranked).allSatisfy(score -> assertThat(score.score()).isEqualTo(1));
            assertThat(ranked.stream().map(RerankScore::index))
                    .isEqualTo(tiny.rerank(QUERY, passages).stream().map(RerankScore::index).toList());
        }
    }

    private static float[] scores(Reranker reranker, List<TextPair> pairs, RunOptions run) {
        List<RerankScore> scored = reranker.score(pairs, RerankOptions.defaults(), run);
        float[] scores = new float[scored.size()];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = scored.get(i).score();
        }
        return scores;
    }

    @Test
    void ranksManyPassagesOfALongQueryInWindows() {
        String query = "retrieval of documents ".repeat(60);
        List<String> passages = Collections.nCopies(3000, "panda");
        AtomicLong largest = new AtomicLong();
        try (Reranker reranker = Reranker.load(Fixtures.RERANKER)) {
            float alone = reranker.computeScore(new TextPair(query, "panda"));
            AtomicLong reported = new AtomicLong();
            List<RerankScore> ranked = reranker.rerank(query, passages, RerankOptions.defaults(),
                    RunOptions.builder().progress((texts, tokens) -> {
                        reported.addAndGet(texts);
                        largest.accumulateAndGet(tokens, Math::max);
                    }).build());
            assertThat(reported).hasValue(3000);
            assertThat(largest.get()).isLessThanOrEqualTo(4096);
            assertThat(ranked).hasSize(3000).allSatisfy(score -> assertThat(score.score()).isEqualTo(alone));
            assertThat(ranked.stream().map(RerankScore::index))
                    .isEqualTo(IntStream.range(0, 3000).boxed().toList());
        }
    }

    @Test
    void givesTheSameBitsThroughTheQueue() {
        List<TextPair> pairs = Stream.of("panda", "", "BM25 ranks documents.", "BGE M3 ".repeat(400))
                .map(passage -> new TextPair(QUERY, passage)).toList();
        try (Reranker reranker = Reranker.load(Fixtures.RERANKER);
                RerankQueue queue = RerankQueue.of(reranker)) {
            List<RerankScore> expected = reranker.score(pairs, RerankOptions.defaults());
            List<CompletableFuture<QueueResult<RerankScore>>> answers = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                answers.add(queue.score(pairs, RerankOptions.defaults()));
            }
            answers.forEach(answer -> assertThat(answer.join().results()).isEqualTo(expected));
            assertThat(expected.getLast().truncated()).isTrue();
            assertThat(expected.getFirst().truncated()).isFalse();
        }
    }

    @Test
    void putsTheInstructionsBeforeQueriesAndPassages() {
        try (Reranker plain = Reranker.load(Fixtures.RERANKER);
                Reranker instructed = Reranker.load(Fixtures.RERANKER, LoadOptions.builder()
                        .queryInstruction("A: ").passageInstruction("B: ").build())) {
            assertThat(instructed.computeScore(new TextPair("what", "panda")))
                    .isEqualTo(plain.computeScore(new TextPair("A: what", "B: panda")))
                    .isNotEqualTo(plain.computeScore(new TextPair("what", "panda")));
        }
    }

    @Test
    void refusesInvalidCalls() {
        assertThatIllegalArgumentException().isThrownBy(RerankOptions.builder().maxLength(16)::build)
                .withMessage("maxLength: 16 (expected: at least 17)");
        Reranker reranker = Reranker.load(Fixtures.RERANKER);
        assertInput("maxLength: 513 (expected: 17..512, the model's limit)",
                () -> reranker.rerank(QUERY, List.of("a"), RerankOptions.builder().maxLength(513).build()));
        assertInput("pair 1: null (expected: a query and a passage)",
                () -> reranker.rerank(QUERY, Arrays.asList("a", null)));
        RerankOptions whole = RerankOptions.builder().maxLength(24).truncate(false).build();
        assertInput("pair 0 (\"one two three four five six seven eight …\", \"\"): query: ",
                () -> reranker.rerank("one two three four five six seven eight nine ten", List.of(""),
                        whole));
        assertInput(
                "pair 1 (\"What is BGE M3?\", \"one two three four five six seven eight …\"): passage: ",
                () -> reranker.rerank(QUERY, List.of("panda", "one two three four five six seven eight nine"),
                        whole));
        assertThatExceptionOfType(CancelledException.class).isThrownBy(() -> reranker.rerank(QUERY,
                List.of("a"), RerankOptions.defaults(), RunOptions.builder().cancelled(() -> true).build()));
        reranker.close();
        reranker.close();
        assertThatIllegalStateException().isThrownBy(() -> reranker.rerank(QUERY, List.of("a")))
                .withMessageStartingWith("the model is closed");
        assertThatIllegalStateException().isThrownBy(() -> reranker.rerank(QUERY, List.of()));
    }

    private static void assertInput(String message, Runnable call) {
        assertThatExceptionOfType(InputException.class).isThrownBy(call::run)
                .withMessageStartingWith(message);
    }

    @Test
    void namesThePairWhoseScoreIsNotFinite() {
        Path huge = ModelVariant.ofReranker().change("classifier.out_proj.weight", weights -> {
            Arrays.fill(weights, 3e38f);
        }).change("classifier.dense.weight", weights -> Arrays.fill(weights, 0))
                .change("classifier.dense.bias", bias -> Arrays.fill(bias, 9)).write(folder);
        try (Reranker reranker = Reranker.load(huge)) {
            assertThatExceptionOfType(NonFiniteOutputException.class)
                    .isThrownBy(() -> reranker.rerank("what", List.of("panda")))
                    .withMessage("pair 0 (\"what\", \"panda\"): score: Infinity (expected: a finite number)");
        }
    }

    @Test
    void suggestsTheOtherLoaderForTheOtherKindOfModel() {
        assertThat(Reranker.isReranker(Fixtures.TINY)).isFalse();
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> Reranker.load(Fixtures.TINY))
                .withMessage(Fixtures.TINY + ": not a reranker (expected: architectures of "
                        + "XLMRobertaForSequenceClassification in config.json; this is a model that encodes "
                        + "texts, for BgeM3.load, bgem3 encode and bgem3 score)");
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(Fixtures.RERANKER))
                .withMessage(Fixtures.RERANKER
                        + ": a reranker, which scores pairs and computes no vectors (expected: "
                        + "a model that encodes texts; use Reranker.load or bgem3 rerank for this one)");
        // With another architecture's name, the classifier's tensors are ignored like any other unused
        // tensors.
        Path encoder = ModelVariant.ofReranker().config("architectures", "[\"XLMRobertaModel\"]")
                .write(folder);
        try (BgeM3 model = BgeM3.load(encoder)) {
            assertThat(model.encode("panda").dense().dimension()).isEqualTo(64);
        }
    }

    @ParameterizedTest
    @CsvSource({"classifier.dense.weight, '64, 64'", "classifier.dense.bias, 64",
            "classifier.out_proj.weight, '1, 64'", "classifier.out_proj.bias, 1"})
    void namesTheMissingOrMisshapenTensorOfTheClassifier(String tensor, String shape) {
        Path missing = ModelVariant.ofReranker().without(List.of(tensor)).write(folder.resolve("missing"));
        assertRefused(missing, missing.resolve("model.safetensors") + ": tensor \"" + tensor
                + "\": missing (expected: [" + shape + "])");
        Path misshapen = ModelVariant.ofReranker().reshape(tensor, 3, 64).write(folder.resolve("misshapen"));
        assertRefused(misshapen, misshapen.resolve("model.safetensors") + ": tensor \"" + tensor
                + "\": shape [3, 64] (expected: [" + shape + "])");
    }

    @Test
    void refusesMoreThanOneLabel() {
        Path two = ModelVariant.ofReranker().config("id2label", "{\"0\": \"NO\", \"1\": \"YES\"}")
                .reshape("classifier.out_proj.weight", 2, 64).reshape("classifier.out_proj.bias", 2)
                .write(folder.resolve("two"));
        assertRefused(two, two.resolve("config.json")
                + ": id2label: {0=NO, 1=YES}, 2 labels (expected: one, 0, the score of a pair)");
        // transformers omits its default of two labels from the file.
        Path defaultLabels = ModelVariant.ofReranker().withoutConfig("id2label")
                .reshape("classifier.out_proj.weight", 2, 64).write(folder.resolve("silent"));
        assertRefused(defaultLabels, defaultLabels.resolve("model.safetensors")
                + ": tensor \"classifier.out_proj.weight\": shape [2, 64] (expected: [1, 64])");
    }

    @Test
    void refusesAModelTooShortForAPair() {
        Path brief = ModelVariant.ofReranker().config("max_position_embeddings", "18")
                .reshape("embeddings.position_embeddings.weight", 18, 64).write(folder);
        assertRefused(brief,
                brief + ": max_position_embeddings: 18, which allow 16 tokens (expected: room for the 17"
                        + " of a pair that is cut)");
    }

    private static void assertRefused(Path folder, String message) {
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> Reranker.load(folder))
                .withMessage(message);
    }

    @Test
    @DefaultKernels
    void distributesPairsOverSeveralDevices() {
        ConcurrentLinkedQueue<Integer> used = new ConcurrentLinkedQueue<>();
        KernelProvider devices = FakeDevices.of(2, 1, 60, (device, _) -> used.add(device));
        List<String> passages = IntStream.range(0, 64).mapToObj(i -> "panda " + i).toList();
        try (Reranker plain = Reranker.load(Fixtures.RERANKER,
                LoadOptions.builder().kernels(KernelKind.SCALAR).build());
                Reranker reranker = Reranker.load(Fixtures.RERANKER,
                        LoadOptions.builder().device("cuda:all").build(), List.of(devices))) {
            assertThat(reranker.rerank(QUERY, passages)).isEqualTo(plain.rerank(QUERY, passages));
            assertThat(used).contains(0, 1);
        }
    }
}
