package dev.bgem3;

import dev.bgem3.engine.Instruction;
import dev.bgem3.engine.ModelSession;
import dev.bgem3.engine.PairTokenizer;
import dev.bgem3.engine.TokenizedText;
import dev.bgem3.error.BackendException;
import dev.bgem3.error.InputException;
import dev.bgem3.error.ModelException;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.text.TooManyOpenFilesException;
import dev.bgem3.tokenizer.Tokenizer;
import dev.bgem3.tokenizer.TokenizerException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A loaded cross-encoder with one label, bge-reranker-v2-m3 or another
 * {@code XLMRobertaForSequenceClassification}. It reads a query and a passage together and computes a score,
 * as FlagEmbedding's {@code FlagReranker} does.
 *
 * {@snippet file="dev/bgem3/sample/RerankSamplesTest.java" region="rerank"}
 *
 * <p>
 * Thread-safe like {@link BgeM3}, with the same use of threads, devices and batches. On a CPU a pair's score
 * has the same bits whether it is scored alone or with others, and with any number of threads. The two
 * instructions of the {@link LoadOptions} are put before queries and passages.
 *
 * <p>
 * Close it to free its memory and threads; a call after that, or one that has batches left then, throws
 * {@link IllegalStateException}.
 */
public final class Reranker implements AutoCloseable {
    private final ModelSession session;
    private final ModelInfo info;
    private final LoadOptions loadOptions;

    private Reranker(ModelSession session, LoadOptions loadOptions) {
        this.session = session;
        info = new ModelInfo(session.folder(), session.backend(), session.kernels(), session.maxLength());
        this.loadOptions = loadOptions;
    }

    /** Loads a model, given its folder or its name on the hub, with the default options. */
    public static Reranker load(String model) {
        return load(model, LoadOptions.defaults());
    }

    /**
     * Loads a model, given its folder or its name on the hub, such as {@code BAAI/bge-reranker-v2-m3}. A name
     * is looked up in the {@link HuggingFaceCache}.
     *
     * {@snippet file="dev/bgem3/sample/RerankSamplesTest.java" region="rerank"}
     *
     * @throws ModelException
     *             if the model is in neither place, or as for {@link #load(Path, LoadOptions)}
     * @throws BackendException
     *             as for {@link #load(Path, LoadOptions)}
     */
    public static Reranker load(String model, LoadOptions options) {
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(options, "options");
        return load(HuggingFaceCache.ofProcess().folderOf(model), options);
    }

    /** Loads a model from a folder with the default options. */
    public static Reranker load(Path folder) {
        return load(folder, LoadOptions.defaults());
    }

    /**
     * Loads a model from a folder, as downloaded from the hub.
     *
     * {@snippet file="dev/bgem3/sample/RerankSamplesTest.java" region="score"}
     *
     * @throws ModelException
     *             if the folder or one of its files cannot be used, or is not a reranker with one label; the
     *             message names it
     * @throws BackendException
     *             if this machine lacks the kernels, the device, the precision, the threads or the memory
     *             requested, or the process has too many open files
     * @throws dev.bgem3.error.CancelledException
     *             if this thread is interrupted; its interrupt status stays set
     */
    public static Reranker load(Path folder, LoadOptions options) {
        Objects.requireNonNull(folder, "folder");
        Objects.requireNonNull(options, "options");
        return load(folder, options, KernelProviders.all());
    }

    /** Loads a model with one of these kernels, given in order of preference. */
    static Reranker load(Path folder, LoadOptions options, List<KernelProvider> installed) {
        try {
            return ModelSession.open(folder, options.backend(), installed, ModelSession.Kind.CROSS_ENCODER)
                    .handOver(session -> new Reranker(session, options));
        } catch (TokenizerException e) {
            throw e.getCause() instanceof TooManyOpenFilesException
                    ? new BackendException(e.getMessage(), e)
                    : new ModelException(e.getMessage(), e);
        }
    }

    /**
     * Returns whether a folder's model is for {@link #load} and not for {@link BgeM3#load}. Reads only its
     * configuration and the names of its tensors.
     *
     * {@snippet file="dev/bgem3/sample/RerankSamplesTest.java" region="kind"}
     *
     * @throws ModelException
     *             if the folder is not a model
     */
    public static boolean isReranker(Path folder) {
        Objects.requireNonNull(folder, "folder");
        return ModelSession.kind(folder) == ModelSession.Kind.CROSS_ENCODER;
    }

    /** Describes the model folder and the kernels and devices in use. */
    public ModelInfo info() {
        return info;
    }

    /** Returns the model's tokenizer, which stays usable after {@link #close()}. */
    public Tokenizer tokenizer() {
        return session.tokenizer();
    }

    /**
     * Sorts passages by their raw scores for a query, the best first.
     *
     * {@snippet file="dev/bgem3/sample/RerankSamplesTest.java" region="rerank"}
     */
    public List<RerankScore> rerank(String query, List<String> passages) {
        return rerank(query, passages, RerankOptions.defaults());
    }

    /**
     * Sorts passages by their scores for a query, in the order of {@link RerankScore#BEST_FIRST}. The memory
     * for tokens does not grow with the number of passages.
     *
     * @throws InputException
     *             as for {@link #score}
     */
    public List<RerankScore> rerank(String query, List<String> passages, RerankOptions options) {
        return rerank(query, passages, options, RunOptions.defaults());
    }

    /** Does the same as {@link #rerank(String, List, RerankOptions)}, with run options. */
    public List<RerankScore> rerank(String query, List<String> passages, RerankOptions options,
            RunOptions run) {
        Objects.requireNonNull(query, "query");
        Objects.requireNonNull(passages, "passages");
        return score(passages.stream().map(passage -> new TextPair(query, passage)).toList(), options, run)
                .stream().sorted(RerankScore.BEST_FIRST).toList();
    }

    /** Computes the raw score of a pair. */
    public float computeScore(TextPair pair) {
        Objects.requireNonNull(pair, "pair");
        return computeScore(List.of(pair))[0];
    }

    /** Computes the raw scores of pairs, in their order. */
    public float[] computeScore(List<TextPair> pairs) {
        return computeScore(pairs, RerankOptions.defaults());
    }

    /**
     * Computes the scores of pairs, in their order; throws the exceptions of {@link #score}.
     *
     * {@snippet file="dev/bgem3/sample/RerankSamplesTest.java" region="score"}
     */
    public float[] computeScore(List<TextPair> pairs, RerankOptions options) {
        List<RerankScore> scored = score(pairs, options);
        float[] scores = new float[scored.size()];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = scored.get(i).score();
        }
        return scores;
    }

    /**
     * Computes the scores of pairs in their order, each with its number of tokens.
     *
     * @throws InputException
     *             if a text is null, the options exceed the model's limits, or a pair is too long and may not
     *             be cut
     * @throws ModelException
     *             if a token embedding that a pair needs is NaN or infinite in the model's file
     * @throws dev.bgem3.error.NonFiniteOutputException
     *             if a score is NaN or infinite; the message names the pair
     * @throws dev.bgem3.error.CancelledException
     *             if the run's {@code cancelled} returned true
     * @throws dev.bgem3.error.OutOfDeviceMemoryException
     *             if a GPU does not have enough memory for a single pair; the message names the pair
     * @throws dev.bgem3.error.DeviceLostException
     *             if the last of the model's GPUs has failed; every later call throws it too
     */
    public List<RerankScore> score(List<TextPair> pairs, RerankOptions options) {
        return score(pairs, options, RunOptions.defaults());
    }

    /** Does the same as {@link #score(List, RerankOptions)}, with run options. */
    public List<RerankScore> score(List<TextPair> pairs, RerankOptions options, RunOptions run) {
        Objects.requireNonNull(run, "run");
        Objects.requireNonNull(pairs, "pairs");
        PairTokenizer tokenizer = tokenizer(options);
        long windowTokens = session.windowTokens(run.tokenBudget());
        List<RerankScore> scores = new ArrayList<>(pairs.size());
        while (scores.size() < pairs.size()) {
            // Every pair repeats its query's tokens, so only a window of pairs is in memory at a time.
            List<TokenizedText> window = new ArrayList<>();
            for (long tokens = 0; tokens < windowTokens && scores.size() + window.size() < pairs.size();) {
                int i = scores.size() + window.size();
                TokenizedText.checkCancelled(run.cancelled());
                window.add(tokens(tokenizer, i, pairs.get(i)));
                tokens += window.getLast().tokenIds().length;
            }
            float[] raw = session.score(window, run.control());
            for (int i = 0; i < raw.length; i++) {
                scores.add(RerankScore.of(scores.size(), raw[i], options.normalize(), window.get(i)));
            }
        }
        return scores;
    }

    /** Returns the tokenizer for the pairs of one call, after checking the options against the model. */
    PairTokenizer tokenizer(RerankOptions options) {
        Objects.requireNonNull(options, "options");
        session.requireUsable();
        return new PairTokenizer(session.tokenizer(),
                session.maxLength(options.maxLength(), session.maxLength(), RerankOptions.MIN_LENGTH),
                options.truncate(),
                query -> Instruction.apply(loadOptions.queryInstructionFormat(),
                        loadOptions.queryInstruction(), query),
                passage -> Instruction.apply(loadOptions.passageInstructionFormat(),
                        loadOptions.passageInstruction(), passage));
    }

    /** Tokenizes pair number {@code i} of a call. */
    static TokenizedText tokens(PairTokenizer tokenizer, int i, TextPair pair) {
        return tokenizer.tokens(TextPair.place(pair, i), pair == null ? null : pair.query(),
                pair == null ? null : pair.passage());
    }

    /** Returns the session, for the queue. */
    ModelSession session() {
        return session;
    }

    /** Frees memory and threads after the batches in progress have finished; closing again has no effect. */
    @Override
    public void close() {
        session.close();
    }
}
