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
 * A loaded cross-encoder, bge-reranker-v2-m3 or another {@code XLMRobertaForSequenceClassification} of one
 * label: it reads a query and a passage together and gives one number, as FlagEmbedding's {@code
 * FlagReranker} computes it.
 *
 * {@snippet file="dev/bgem3/sample/RerankSamplesTest.java" region="rerank"}
 *
 * <p>
 * Thread-safe as {@link BgeM3} is, with the same threads, devices and batches. On a CPU a pair's score has
 * the same bits alone or among others, with any number of threads. Of the {@link LoadOptions} the two
 * instructions go before queries and passages.
 *
 * <p>
 * Close it to free its memory and threads; a call after that, or one that then has batches left, throws
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

    /** Loads a model by its folder or its name on the hub, with the default options. */
    public static Reranker load(String model) {
        return load(model, LoadOptions.defaults());
    }

    /**
     * Loads a model by its folder, or by its name on the hub, such as {@code BAAI/bge-reranker-v2-m3}, from
     * the {@link HuggingFaceCache}.
     *
     * {@snippet file="dev/bgem3/sample/RerankSamplesTest.java" region="rerank"}
     *
     * @throws ModelException
     *             where it is in neither place, or as {@link #load(Path, LoadOptions)} says
     * @throws BackendException
     *             as {@link #load(Path, LoadOptions)} says
     */
    public static Reranker load(String model, LoadOptions options) {
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(options, "options");
        return load(HuggingFaceCache.ofProcess().folderOf(model), options);
    }

    /** Loads a model folder with the default options. */
    public static Reranker load(Path folder) {
        return load(folder, LoadOptions.defaults());
    }

    /**
     * Loads a model folder as downloaded from the hub.
     *
     * {@snippet file="dev/bgem3/sample/RerankSamplesTest.java" region="score"}
     *
     * @throws ModelException
     *             where the folder or one of its files cannot be used, or is no reranker of one label; the
     *             message names it
     * @throws BackendException
     *             where this machine lacks the kernels, the device, the precision, the threads or the memory
     *             asked for, or the process may open no more files
     * @throws dev.bgem3.error.CancelledException
     *             where this thread is interrupted; it stays so
     */
    public static Reranker load(Path folder, LoadOptions options) {
        Objects.requireNonNull(folder, "folder");
        Objects.requireNonNull(options, "options");
        return load(folder, options, KernelProviders.all());
    }

    /** As {@code load}, with these kernels and no others, the preferred first. */
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
     * Whether a folder's model is one for {@link #load}, not for {@link BgeM3#load}; reads its configuration
     * and the names of its tensors.
     *
     * {@snippet file="dev/bgem3/sample/RerankSamplesTest.java" region="kind"}
     *
     * @throws ModelException
     *             where the folder is no model
     */
    public static boolean isReranker(Path folder) {
        Objects.requireNonNull(folder, "folder");
        return ModelSession.kind(folder) == ModelSession.Kind.CROSS_ENCODER;
    }

    /** What the folder holds and what serves it. */
    public ModelInfo info() {
        return info;
    }

    /** The model's tokenizer; it stays usable after {@link #close()}. */
    public Tokenizer tokenizer() {
        return session.tokenizer();
    }

    /**
     * The passages by their raw scores for a query, the best first.
     *
     * {@snippet file="dev/bgem3/sample/RerankSamplesTest.java" region="rerank"}
     */
    public List<RerankScore> rerank(String query, List<String> passages) {
        return rerank(query, passages, RerankOptions.defaults());
    }

    /**
     * The passages by their scores for a query, in the order of {@link RerankScore#BEST_FIRST}. Memory for
     * tokens does not grow with the number of passages.
     *
     * @throws InputException
     *             as {@link #score}
     */
    public List<RerankScore> rerank(String query, List<String> passages, RerankOptions options) {
        return rerank(query, passages, options, RunOptions.defaults());
    }

    /** As {@code rerank}, run as told. */
    public List<RerankScore> rerank(String query, List<String> passages, RerankOptions options,
            RunOptions run) {
        Objects.requireNonNull(query, "query");
        Objects.requireNonNull(passages, "passages");
        return score(passages.stream().map(passage -> new TextPair(query, passage)).toList(), options, run)
                .stream().sorted(RerankScore.BEST_FIRST).toList();
    }

    /** The raw score of a pair. */
    public float computeScore(TextPair pair) {
        Objects.requireNonNull(pair, "pair");
        return computeScore(List.of(pair))[0];
    }

    /** The raw scores of pairs, in their order. */
    public float[] computeScore(List<TextPair> pairs) {
        return computeScore(pairs, RerankOptions.defaults());
    }

    /**
     * The scores of pairs, in their order; {@link #score} says what it throws.
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
     * The scores of pairs in their order, each with the tokens that it took.
     *
     * @throws InputException
     *             where a text is null, the options ask what this model does not do, or a pair is too long
     *             and must not be cut
     * @throws ModelException
     *             where an embedding that a pair needs is NaN or infinite in the model's file
     * @throws dev.bgem3.error.NonFiniteOutputException
     *             where a score is NaN or infinite; the message names the pair
     * @throws dev.bgem3.error.CancelledException
     *             where the run's {@code cancelled} said so
     * @throws dev.bgem3.error.OutOfDeviceMemoryException
     *             where a GPU's memory does not suffice for a pair by itself; the message names it
     * @throws dev.bgem3.error.DeviceLostException
     *             where the last of the model's GPUs has failed, as every later call says too
     */
    public List<RerankScore> score(List<TextPair> pairs, RerankOptions options) {
        return score(pairs, options, RunOptions.defaults());
    }

    /** As {@code score}, run as told. */
    public List<RerankScore> score(List<TextPair> pairs, RerankOptions options, RunOptions run) {
        Objects.requireNonNull(run, "run");
        Objects.requireNonNull(pairs, "pairs");
        PairTokenizer tokenizer = tokenizer(options);
        long windowTokens = session.windowTokens(run.tokenBudget());
        List<RerankScore> scores = new ArrayList<>(pairs.size());
        while (scores.size() < pairs.size()) {
            // A long query is in the tokens of each of its pairs: not all are held at a time.
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

    /** For the pairs of one call; checks the options against the model first. */
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

    /** The tokens of pair number {@code i} of a call. */
    static TokenizedText tokens(PairTokenizer tokenizer, int i, TextPair pair) {
        return tokenizer.tokens(TextPair.place(pair, i), pair == null ? null : pair.query(),
                pair == null ? null : pair.passage());
    }

    /** What computes, for the queue before it. */
    ModelSession session() {
        return session;
    }

    /** Frees memory and threads once the batch under way has ended; closing again does nothing. */
    @Override
    public void close() {
        session.close();
    }
}
