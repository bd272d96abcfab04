package dev.bgem3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.bgem3.convert.ModelConverter;
import dev.bgem3.convert.SyntheticModel;
import dev.bgem3.convert.WeightType;
import dev.bgem3.convert.WriteListener;
import dev.bgem3.error.ModelException;
import dev.bgem3.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Tests that a null argument is reported by its name, and that an empty model name is reported. */
class NullArgumentTest {
    private static final Path FOLDER = Fixtures.TINY;
    private static final EncodeOptions OPTIONS = EncodeOptions.defaults();
    private static final RunOptions RUN = RunOptions.defaults();
    private static final List<String> TEXTS = List.of("a");
    private static final List<TextPair> PAIRS = List.of(new TextPair("a", "b"));
    private static final ColbertVectors COLBERT = new ColbertVectors(new float[]{1}, 1, 1);
    private static final LexicalWeights WEIGHTS = LexicalWeights.of(Map.of(1, 1f));
    private static final DenseVector DENSE = new DenseVector(new float[]{1});
    private static final Embedding EMBEDDING = Embedding.of(DENSE, WEIGHTS, COLBERT);

    /** Calls by the name of the argument that is null, with a number that makes the key unique. */
    private static final class Calls {
        private final Map<String, ThrowingCallable> byArgument = new LinkedHashMap<>();

        Calls add(String argument, ThrowingCallable call) {
            byArgument.put(argument + " " + byArgument.size(), call);
            return this;
        }

        void check() {
            byArgument.forEach((argument, call) -> {
                String name = argument.substring(0, argument.indexOf(' '));
                assertThat(catchThrowable(call)).as("call of null %s", argument)
                        .isExactlyInstanceOf(NullPointerException.class).hasMessage(name);
            });
        }
    }

    @Test
    void namesNullArgumentsOfModels() {
        try (BgeM3 model = BgeM3.load(FOLDER)) {
            new Calls().add("text", () -> model.encode((String) null))
                    .add("options", () -> model.encode("a", null))
                    .add("texts", () -> model.encode((List<String>) null))
                    .add("options", () -> model.encode(TEXTS, null))
                    .add("run", () -> model.encode(TEXTS, OPTIONS, null))
                    .add("texts", () -> model.encode((Stream<String>) null, OPTIONS))
                    .add("options", () -> model.encode(Stream.of("a"), null))
                    .add("run", () -> model.encode(Stream.of("a"), OPTIONS, null))
                    .add("query", () -> model.encodeQuery(null))
                    .add("query", () -> model.encodeQueries((String) null))
                    .add("queries", () -> model.encodeQueries((List<String>) null))
                    .add("options", () -> model.encodeQueries(TEXTS, null))
                    .add("queries", () -> model.encodeQueries((Stream<String>) null, OPTIONS))
                    .add("passage", () -> model.encodePassage(null))
                    .add("passages", () -> model.encodeCorpus((List<String>) null))
                    .add("passages", () -> model.encodeCorpus((Stream<String>) null, OPTIONS))
                    .add("run", () -> model.encodeCorpus(TEXTS, OPTIONS, null))
                    .add("tokenIds", () -> model.encodeTokenIds(null, OPTIONS))
                    .add("options", () -> model.encodeTokenIds(List.of(), null))
                    .add("pair", () -> model.computeScore((TextPair) null))
                    .add("pairs", () -> model.computeScore((List<TextPair>) null))
                    .add("weights", () -> model.computeScore(PAIRS, null, OPTIONS))
                    .add("options", () -> model.computeScore(PAIRS, ScoreWeights.EQUAL, null))
                    .add("run", () -> model.computeScore(PAIRS, ScoreWeights.EQUAL, OPTIONS, null))
                    .add("weights", () -> model.convertIdToToken((LexicalWeights) null))
                    .add("weights", () -> model.convertIdToToken((List<LexicalWeights>) null)).check();
        }
    }

    @Test
    void namesNullArgumentsOfQueues() {
        try (BgeM3 model = BgeM3.load(FOLDER); EncodeQueue queue = EncodeQueue.of(model)) {
            new Calls().add("model", () -> EncodeQueue.of(null))
                    .add("options", () -> EncodeQueue.of(model, null))
                    .add("text", () -> queue.encode((String) null, OPTIONS))
                    .add("texts", () -> queue.encode((List<String>) null, OPTIONS))
                    .add("options", () -> queue.encode(TEXTS, null))
                    .add("query", () -> queue.encodeQuery(null, OPTIONS))
                    .add("queries", () -> queue.encodeQueries(null, OPTIONS))
                    .add("passage", () -> queue.encodePassage(null, OPTIONS))
                    .add("passages", () -> queue.encodeCorpus(null, OPTIONS))
                    .add("tokenIds", () -> queue.encodeTokenIds(null, OPTIONS)).check();
        }
    }

    @Test
    void namesNullArgumentsOfRerankers() {
        RerankOptions options = RerankOptions.defaults();
        try (Reranker model = Reranker.load(Fixtures.RERANKER); RerankQueue queue = RerankQueue.of(model)) {
            new Calls().add("query", () -> model.rerank(null, TEXTS))
                    .add("passages", () -> model.rerank("a", null))
                    .add("options", () -> model.rerank("a", TEXTS, null))
                    .add("run", () -> model.rerank("a", TEXTS, options, null))
                    .add("pair", () -> model.computeScore((TextPair) null))
                    .add("pairs", () -> model.computeScore((List<TextPair>) null))
                    .add("pairs", () -> model.score(null, options))
                    .add("options", () -> model.score(PAIRS, null))
                    .add("run", () -> model.score(PAIRS, options, null))
                    .add("model", () -> RerankQueue.of(null))
                    .add("pairs", () -> queue.score(null, options))
                    .add("options", () -> queue.score(PAIRS, null)).check();
        }
    }

    @Test
    void namesNullArgumentsOfMethodsThatReadOrWriteFiles() {
        WriteListener listener = WriteListener.NONE;
        SyntheticModel.Sizes sizes = SyntheticModel.Sizes.bgeM3();
        HuggingFaceCache cache = HuggingFaceCache.ofProcess();
        new Calls().add("model", () -> BgeM3.load((String) null))
                .add("folder", () -> BgeM3.load((Path) null))
                .add("options", () -> BgeM3.load("a/b", null))
                .add("options", () -> BgeM3.load(FOLDER, null))
                .add("model", () -> Reranker.load((String) null))
                .add("folder", () -> Reranker.load((Path) null))
                .add("options", () -> Reranker.load("a/b", null))
                .add("folder", () -> Reranker.isReranker(null))
                .add("folder", () -> Tokenizer.load(null))
                .add("folder", () -> ModelFiles.loadTokenizer(null))
                .add("environment", () -> HuggingFaceCache.of(null))
                .add("text", () -> HuggingFaceCache.isName(null))
                .add("name", () -> cache.folder(null)).add("name", () -> cache.find(null))
                .add("folder", () -> PackedWeights.write(null, Precision.FP32, listener))
                .add("precision", () -> PackedWeights.write(FOLDER, null, listener))
                .add("listener", () -> PackedWeights.write(FOLDER, Precision.FP32, null))
                .add("precision", () -> PackedWeights.checkKernels(null))
                .add("folder", () -> ModelConverter.convert(null, FOLDER, WeightType.FP32))
                .add("target", () -> ModelConverter.convert(FOLDER, null, WeightType.FP32))
                .add("dtype", () -> ModelConverter.convert(FOLDER, FOLDER, null))
                .add("listener", () -> ModelConverter.convert(FOLDER, FOLDER, WeightType.FP32, null))
                .add("folder", () -> SyntheticModel.write(null, sizes, 1, Optional.empty()))
                .add("sizes", () -> SyntheticModel.write(FOLDER, null, 1, Optional.empty()))
                .add("tokenizerFolder", () -> SyntheticModel.write(FOLDER, sizes, 1, null))
                .add("text", () -> Device.parse(null)).check();
    }

    @Test
    void namesNullArgumentsOfOptionsAndResults() {
        new Calls().add("first", () -> EncodeOptions.of(null))
                .add("others", () -> EncodeOptions.of(Output.DENSE, (Output[]) null))
                .add("instruction", () -> EncodeOptions.builder().instruction(null))
                .add("instructionFormat", () -> EncodeOptions.builder().instructionFormat(null))
                .add("pooling", () -> EncodeOptions.builder().pooling(null))
                .add("truncation", () -> EncodeOptions.builder().truncation(null).build())
                .add("progress", () -> RunOptions.builder().progress(null).build())
                .add("cancelled", () -> RunOptions.builder().cancelled(null).build())
                .add("timeout", () -> QueueOptions.builder().timeout(null))
                .add("listener", () -> QueueOptions.builder().listener(null).build())
                .add("values", () -> new DenseVector(null)).add("bytes", () -> DenseVector.fromBytes(null))
                .add("other", () -> DENSE.dot(null))
                .add("values", () -> new ColbertVectors(null, 1, 1))
                .add("rows", () -> ColbertVectors.of(null)).add("bytes", () -> ColbertVectors.fromBytes(null))
                .add("passage", () -> COLBERT.score(null)).add("values", () -> new TokenStates(null, 1, 1))
                .add("weightsById", () -> LexicalWeights.of(null))
                .add("bytes", () -> LexicalWeights.fromBytes(null)).add("other", () -> WEIGHTS.dot(null))
                .add("query", () -> PairScores.of(null, EMBEDDING, ScoreWeights.EQUAL))
                .add("passage", () -> PairScores.of(EMBEDDING, null, ScoreWeights.EQUAL))
                .add("weights", () -> PairScores.of(EMBEDDING, EMBEDDING, null))
                .add("passage", () -> EMBEDDING.score(null))
                .add("first", () -> BgeM3.computeLexicalMatchingScore(null, WEIGHTS))
                .add("second", () -> BgeM3.computeLexicalMatchingScore(WEIGHTS, null))
                .add("rows", () -> BgeM3.computeLexicalMatchingScore(null, List.of(WEIGHTS)))
                .add("columns", () -> BgeM3.computeLexicalMatchingScore(List.of(WEIGHTS), null))
                .add("query", () -> BgeM3.colbertScore(null, COLBERT))
                .add("passage", () -> BgeM3.colbertScore(COLBERT, null)).check();
    }

    @Test
    void refusesAnEmptyModelName() {
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(""))
                .withMessage("model: empty (expected: a folder, or a name on the hub such as BAAI/bge-m3)");
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> Reranker.load(""))
                .withMessageStartingWith("model: empty (expected: ");
    }
}
