package dev.bgem3;

import dev.bgem3.engine.EncodeStream;
import dev.bgem3.engine.HeadSpec;
import dev.bgem3.engine.Instruction;
import dev.bgem3.engine.ModelSession;
import dev.bgem3.engine.TextOutputs;
import dev.bgem3.engine.TextRole;
import dev.bgem3.engine.TextTokenizer;
import dev.bgem3.engine.TokenizedText;
import dev.bgem3.error.BackendException;
import dev.bgem3.error.InputException;
import dev.bgem3.error.ModelException;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.model.HeadTensors;
import dev.bgem3.text.TooManyOpenFilesException;
import dev.bgem3.tokenizer.Tokenizer;
import dev.bgem3.tokenizer.TokenizerException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A loaded BGE-M3 model, which encodes texts as dense vectors, lexical weights and ColBERT vectors, as
 * FlagEmbedding's {@code BGEM3FlagModel} does.
 *
 * {@snippet file="dev/bgem3/sample/LoadSamplesTest.java" region="name"}
 *
 * <p>
 * Thread-safe: any number of threads may call any method at once. Calls share the model's threads and devices
 * batch by batch, first come, first served. On a CPU a text's outputs have the same bits whether it is
 * encoded alone or with others, and with any number of threads.
 *
 * <p>
 * Close it to free its memory and threads. A batch that another thread is computing finishes first; a call
 * that has batches left then, and any later call that computes, throws {@link IllegalStateException}.
 */
public final class BgeM3 implements AutoCloseable {
    /**
     * The number of pairs that are encoded before they are scored: enough to fill batches, few enough to keep
     * their ColBERT vectors in memory.
     */
    private static final int PAIR_WINDOW = 256;

    private final ModelSession session;
    private final ModelInfo info;
    /** In ascending order. */
    private final int[] unweightedIds;
    private final LoadOptions loadOptions;

    private BgeM3(ModelSession session, LoadOptions loadOptions) {
        this.session = session;
        info = new ModelInfo(session.folder(), session.backend(), session.kernels(), session.maxLength());
        Tokenizer tokenizer = session.tokenizer();
        // As in FlagEmbedding, the mask is the only special token that may have a lexical weight.
        unweightedIds = IntStream.of(tokenizer.specialIds()).filter(id -> id != tokenizer.maskTokenId())
                .toArray();
        this.loadOptions = loadOptions;
    }

    /** Loads a model, given its folder or its name on the hub, with the default options. */
    public static BgeM3 load(String model) {
        return load(model, LoadOptions.defaults());
    }

    /**
     * Loads a model, given its folder or its name on the hub, such as {@code BAAI/bge-m3}. A name is looked
     * up in the {@link HuggingFaceCache}.
     *
     * {@snippet file="dev/bgem3/sample/LoadSamplesTest.java" region="name"}
     *
     * @throws ModelException
     *             if the model is in neither place, or as for {@link #load(Path, LoadOptions)}
     * @throws BackendException
     *             as for {@link #load(Path, LoadOptions)}
     */
    public static BgeM3 load(String model, LoadOptions options) {
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(options, "options");
        return load(HuggingFaceCache.ofProcess().folderOf(model), options);
    }

    /** Loads a model from a folder with the default options. */
    public static BgeM3 load(Path folder) {
        return load(folder, LoadOptions.defaults());
    }

    /**
     * Loads a model from a folder, as downloaded from the hub.
     *
     * {@snippet file="dev/bgem3/sample/LoadSamplesTest.java" region="folder"}
     *
     * @throws ModelException
     *             if the folder or one of its files cannot be used; the message names it
     * @throws BackendException
     *             if this machine lacks the kernels, the device, the precision, the threads or the memory
     *             requested, or the process has too many open files
     * @throws dev.bgem3.error.CancelledException
     *             if this thread is interrupted; its interrupt status stays set
     */
    public static BgeM3 load(Path folder, LoadOptions options) {
        Objects.requireNonNull(folder, "folder");
        Objects.requireNonNull(options, "options");
        return load(folder, options, KernelProviders.all());
    }

    /** Loads a model with one of these kernels, given in order of preference. */
    static BgeM3 load(Path folder, LoadOptions options, List<KernelProvider> installed) {
        try {
            return ModelSession.open(folder, options.backend(), installed, ModelSession.Kind.ENCODER)
                    .handOver(session -> new BgeM3(session, options));
        } catch (TokenizerException e) {
            throw e.getCause() instanceof TooManyOpenFilesException
                    ? new BackendException(e.getMessage(), e)
                    : new ModelException(e.getMessage(), e);
        }
    }

    /**
     * Returns the installed kernels in order of preference, including those that this machine cannot use. No
     * model is needed.
     *
     * {@snippet file="dev/bgem3/sample/LoadSamplesTest.java" region="kernels"}
     */
    public static List<KernelStatus> kernels() {
        return KernelProviders.all().stream().map(KernelStatus::of).toList();
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
     * Computes the dense vector of a text.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="text"}
     */
    public Embedding encode(String text) {
        return encode(text, EncodeOptions.defaults());
    }

    /** Computes the outputs of a text. */
    public Embedding encode(String text, EncodeOptions options) {
        Objects.requireNonNull(text, "text");
        return encode(List.of(text), options).getFirst();
    }

    /** Computes the dense vectors of texts, in the order of the texts. */
    public List<Embedding> encode(List<String> texts) {
        return encode(texts, EncodeOptions.defaults());
    }

    /**
     * Computes the outputs of texts, in the order of the texts.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="options"}
     *
     * @throws InputException
     *             if a text is null, or the options ask for something that this model does not have
     * @throws ModelException
     *             if a token embedding that a text needs is NaN or infinite in the model's file, because
     *             these are only checked when they are used; the message names the tensor
     * @throws dev.bgem3.error.NonFiniteOutputException
     *             if an output is NaN or infinite; the message names the text
     * @throws dev.bgem3.error.CancelledException
     *             if the run's {@code cancelled} returned true
     * @throws dev.bgem3.error.OutOfDeviceMemoryException
     *             if a GPU does not have enough memory for a single text; the message names the text
     * @throws dev.bgem3.error.DeviceLostException
     *             if the last of the model's GPUs has failed; every later call throws it too
     */
    public List<Embedding> encode(List<String> texts, EncodeOptions options) {
        return encode(texts, options, RunOptions.defaults());
    }

    /**
     * Does the same as {@link #encode(List, EncodeOptions)}, with run options.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="run"}
     */
    public List<Embedding> encode(List<String> texts, EncodeOptions options, RunOptions run) {
        return encode(TextRole.TEXT, texts, 0, options, run);
    }

    /**
     * Returns the outputs of texts that need not fit in memory, in the order of the texts.
     *
     * <p>
     * The stream is lazy: it takes the texts in windows of a few token budgets, at most 4,096 texts, and
     * reads at most one window ahead, whatever the source of the texts and however the result is used. The
     * result's terminal operation throws the exceptions of {@link #encode(List, EncodeOptions)}. The result
     * is computed in order even after {@code parallel()}: each window uses all slots by itself.
     *
     * <p>
     * The texts are read in the thread that runs the terminal operation if it takes all results, as
     * {@code forEach} and {@code collect} do. For operations that can stop early ({@code iterator},
     * {@code findFirst}, {@code limit}), a separate thread reads the texts; it ends with the texts, when the
     * result is closed, or, once the result is unreachable, with the next text. So close a result that you do
     * not consume completely; that interrupts the thread and closes {@code texts} too.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="stream"}
     */
    public Stream<Embedding> encode(Stream<String> texts, EncodeOptions options) {
        return encode(texts, options, RunOptions.defaults());
    }

    /** Does the same as {@link #encode(Stream, EncodeOptions)}, with run options. */
    public Stream<Embedding> encode(Stream<String> texts, EncodeOptions options, RunOptions run) {
        return stream(TextRole.TEXT, texts, options, run);
    }

    /**
     * Computes the dense vector of a query, with the query instruction: that of the options, else that of the
     * {@link LoadOptions}, else the prompt {@code query} of the model's
     * {@code config_sentence_transformers.json}, if it has one.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="roles"}
     */
    public Embedding encodeQuery(String query) {
        return encodeQuery(query, EncodeOptions.defaults());
    }

    /** Computes the outputs of a query, with the query instruction. */
    public Embedding encodeQuery(String query, EncodeOptions options) {
        Objects.requireNonNull(query, "query");
        return encodeQueries(List.of(query), options).getFirst();
    }

    /** Calls {@link #encodeQuery(String)}; this is FlagEmbedding's name for it. */
    public Embedding encodeQueries(String query) {
        return encodeQuery(query);
    }

    /** Calls {@link #encodeQuery(String, EncodeOptions)}; this is FlagEmbedding's name for it. */
    public Embedding encodeQueries(String query, EncodeOptions options) {
        return encodeQuery(query, options);
    }

    /**
     * Computes the dense vectors of queries, with the query instruction.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="roles"}
     */
    public List<Embedding> encodeQueries(List<String> queries) {
        return encodeQueries(queries, EncodeOptions.defaults());
    }

    /** Computes the outputs of queries, with the query instruction. */
    public List<Embedding> encodeQueries(List<String> queries, EncodeOptions options) {
        return encodeQueries(queries, options, RunOptions.defaults());
    }

    /** Does the same as {@link #encodeQueries(List, EncodeOptions)}, with run options. */
    public List<Embedding> encodeQueries(List<String> queries, EncodeOptions options, RunOptions run) {
        Objects.requireNonNull(queries, "queries");
        return encode(TextRole.QUERY, queries, 0, options, run);
    }

    /** Does the same as {@link #encode(Stream, EncodeOptions)}, with the query instruction. */
    public Stream<Embedding> encodeQueries(Stream<String> queries, EncodeOptions options) {
        return encodeQueries(queries, options, RunOptions.defaults());
    }

    /** Does the same as {@link #encodeQueries(Stream, EncodeOptions)}, with run options. */
    public Stream<Embedding> encodeQueries(Stream<String> queries, EncodeOptions options, RunOptions run) {
        Objects.requireNonNull(queries, "queries");
        return stream(TextRole.QUERY, queries, options, run);
    }

    /**
     * Computes the dense vector of a passage, with the passage instruction: that of the options, else that of
     * the {@link LoadOptions}, else the first of the prompts {@code document}, {@code passage} and
     * {@code corpus} that the model's {@code config_sentence_transformers.json} has.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="roles"}
     */
    public Embedding encodePassage(String passage) {
        return encodePassage(passage, EncodeOptions.defaults());
    }

    /** Computes the outputs of a passage, with the passage instruction. */
    public Embedding encodePassage(String passage, EncodeOptions options) {
        Objects.requireNonNull(passage, "passage");
        return encodeCorpus(List.of(passage), options).getFirst();
    }

    /** Calls {@link #encodePassage(String)}; this is FlagEmbedding's name for it. */
    public Embedding encodeCorpus(String passage) {
        return encodePassage(passage);
    }

    /** Calls {@link #encodePassage(String, EncodeOptions)}; this is FlagEmbedding's name for it. */
    public Embedding encodeCorpus(String passage, EncodeOptions options) {
        return encodePassage(passage, options);
    }

    /**
     * Computes the dense vectors of passages, with the passage instruction.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="roles"}
     */
    public List<Embedding> encodeCorpus(List<String> passages) {
        return encodeCorpus(passages, EncodeOptions.defaults());
    }

    /** Computes the outputs of passages, with the passage instruction. */
    public List<Embedding> encodeCorpus(List<String> passages, EncodeOptions options) {
        return encodeCorpus(passages, options, RunOptions.defaults());
    }

    /** Does the same as {@link #encodeCorpus(List, EncodeOptions)}, with run options. */
    public List<Embedding> encodeCorpus(List<String> passages, EncodeOptions options, RunOptions run) {
        Objects.requireNonNull(passages, "passages");
        return encode(TextRole.PASSAGE, passages, 0, options, run);
    }

    /** Does the same as {@link #encode(Stream, EncodeOptions)}, with the passage instruction. */
    public Stream<Embedding> encodeCorpus(Stream<String> passages, EncodeOptions options) {
        return encodeCorpus(passages, options, RunOptions.defaults());
    }

    /** Does the same as {@link #encodeCorpus(Stream, EncodeOptions)}, with run options. */
    public Stream<Embedding> encodeCorpus(Stream<String> passages, EncodeOptions options, RunOptions run) {
        Objects.requireNonNull(passages, "passages");
        return stream(TextRole.PASSAGE, passages, options, run);
    }

    /**
     * Computes the outputs of texts that are already tokenized.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="token-ids"}
     *
     * @param tokenIds
     *            the token ids of each text as the model reads them, including {@code <s>} and {@code </s>};
     *            they are never cut, and a text longer than the limit of the options or the model is an
     *            error
     * @throws InputException
     *             as for {@link #encode(List, EncodeOptions)}, and if an id is out of range or a text is
     *             empty or too long
     */
    public List<Embedding> encodeTokenIds(List<int[]> tokenIds, EncodeOptions options) {
        return encodeTokenIds(tokenIds, options, RunOptions.defaults());
    }

    /** Does the same as {@link #encodeTokenIds(List, EncodeOptions)}, with run options. */
    public List<Embedding> encodeTokenIds(List<int[]> tokenIds, EncodeOptions options, RunOptions run) {
        Objects.requireNonNull(tokenIds, "tokenIds");
        Objects.requireNonNull(run, "run");
        TextTokenizer tokenizer = textTokenizer(options);
        return embeddings(TextInput.Tokens.whole(tokenIds, tokenizer.maxTokenIds()), 0, tokenizer, options,
                run);
    }

    /**
     * Computes the outputs of plain texts, queries, passages and token ids, in their order; error messages
     * name each by its place. Token ids are cut as texts are, except that without a maximum length in the
     * options the model's own limit applies.
     *
     * @throws InputException
     *             as for {@link #encode(List, EncodeOptions)}, and if a token id is out of range or an input
     *             has no tokens
     */
    public List<Embedding> encodeInputs(List<? extends TextInput> inputs, EncodeOptions options) {
        return encodeInputs(inputs, options, RunOptions.defaults());
    }

    /** Does the same as {@link #encodeInputs(List, EncodeOptions)}, with run options. */
    public List<Embedding> encodeInputs(List<? extends TextInput> inputs, EncodeOptions options,
            RunOptions run) {
        Objects.requireNonNull(inputs, "inputs");
        Objects.requireNonNull(run, "run");
        return embeddings(inputs, 0, textTokenizer(options), options, run);
    }

    /**
     * Tokenizes inputs as {@link #encodeInputs(List, EncodeOptions)} does, for a caller that must know the
     * number of tokens before they are computed. Each result keeps its input's place. Encoding the results
     * with the same options gives the same outputs.
     *
     * @throws InputException
     *             as for {@link #encodeInputs(List, EncodeOptions)}
     */
    public List<TextInput.Tokens> tokenize(List<? extends TextInput> inputs, EncodeOptions options) {
        Objects.requireNonNull(inputs, "inputs");
        return TextInput.Tokens.all(inputs, 0, textTokenizer(options), () -> {});
    }

    /** Computes the five scores of a query and a passage with equal weights. */
    public PairScores computeScore(TextPair pair) {
        Objects.requireNonNull(pair, "pair");
        return computeScore(List.of(pair), ScoreWeights.EQUAL, EncodeOptions.defaults()).getFirst();
    }

    /** Computes the five scores of each pair with equal weights. */
    public List<PairScores> computeScore(List<TextPair> pairs) {
        return computeScore(pairs, ScoreWeights.EQUAL, EncodeOptions.defaults());
    }

    /**
     * Computes the five scores of each pair, in the order of the pairs. Queries get the query instruction and
     * passages the passage instruction. A text that occurs in several neighbouring pairs is computed once.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="pairs"}
     *
     * @param options
     *            the options, except for the outputs, which are always all three
     * @throws InputException
     *             as for {@link #encode(List, EncodeOptions)}, and if the model lacks one of the heads
     */
    public List<PairScores> computeScore(List<TextPair> pairs, ScoreWeights weights, EncodeOptions options) {
        return computeScore(pairs, weights, options, RunOptions.defaults());
    }

    /** Does the same as {@link #computeScore(List, ScoreWeights, EncodeOptions)}, with run options. */
    public List<PairScores> computeScore(List<TextPair> pairs, ScoreWeights weights, EncodeOptions options,
            RunOptions run) {
        Objects.requireNonNull(pairs, "pairs");
        Objects.requireNonNull(weights, "weights");
        Objects.requireNonNull(options, "options");
        Objects.requireNonNull(run, "run");
        EncodeOptions all = options.toBuilder().outputs(EnumSet.allOf(Output.class)).build();
        check(all);
        List<PairScores> scores = new ArrayList<>(pairs.size());
        for (int from = 0; from < pairs.size(); from += PAIR_WINDOW) {
            List<TextPair> window = pairs.subList(from, Math.min(pairs.size(), from + PAIR_WINDOW));
            scores.addAll(scoreWindow(window, weights, all, run, from));
        }
        return scores;
    }

    private List<PairScores> scoreWindow(List<TextPair> pairs, ScoreWeights weights, EncodeOptions options,
            RunOptions run, int firstNumber) {
        Map<String, Integer> queries = new HashMap<>();
        Map<String, Integer> passages = new HashMap<>();
        List<TextInput> queryInputs = new ArrayList<>();
        List<TextInput> passageInputs = new ArrayList<>();
        for (int i = 0; i < pairs.size(); i++) {
            TextPair pair = pairs.get(i);
            String place = TextPair.place(pair, firstNumber + i);
            if (pair == null || pair.query() == null || pair.passage() == null) {
                throw new InputException(place + ": null (expected: a query and a passage)");
            }
            if (queries.putIfAbsent(pair.query(), queries.size()) == null) {
                queryInputs.add(TextInput.ofQuery(pair.query()).withPlace(place + ": query"));
            }
            if (passages.putIfAbsent(pair.passage(), passages.size()) == null) {
                passageInputs.add(TextInput.ofPassage(pair.passage()).withPlace(place + ": passage"));
            }
        }
        List<Embedding> encodedQueries = encodeInputs(queryInputs, options, run);
        List<Embedding> encodedPassages = encodeInputs(passageInputs, options, run);
        return pairs.stream().map(pair -> PairScores.of(encodedQueries.get(queries.get(pair.query())),
                encodedPassages.get(passages.get(pair.passage())), weights)).toList();
    }

    /**
     * Computes the lexical matching score of two texts: the sum, over the tokens that both have, of the
     * product of their weights.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="lexical"}
     */
    public static float computeLexicalMatchingScore(LexicalWeights first, LexicalWeights second) {
        Objects.requireNonNull(first, "first");
        Objects.requireNonNull(second, "second");
        return first.dot(second);
    }

    /**
     * Computes the lexical matching score of each of {@code rows} with each of {@code columns}, as
     * {@code [rows][columns]}.
     */
    public static float[][] computeLexicalMatchingScore(List<LexicalWeights> rows,
            List<LexicalWeights> columns) {
        Objects.requireNonNull(rows, "rows");
        Objects.requireNonNull(columns, "columns");
        float[][] scores = new float[rows.size()][columns.size()];
        for (int i = 0; i < rows.size(); i++) {
            for (int j = 0; j < columns.size(); j++) {
                scores[i][j] = rows.get(i).dot(columns.get(j));
            }
        }
        return scores;
    }

    /**
     * Computes the ColBERT score: the mean, over the query's rows, of the largest dot product with a row of
     * the passage.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="colbert"}
     */
    public static float colbertScore(ColbertVectors query, ColbertVectors passage) {
        Objects.requireNonNull(query, "query");
        Objects.requireNonNull(passage, "passage");
        return query.score(passage);
    }

    /**
     * Returns lexical weights by decoded token in the order of the text, for people to read. If two tokens
     * decode to the same string, as the start and the middle of a word may, the weight of the later one is
     * kept, as in FlagEmbedding.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="lexical"}
     */
    public SequencedMap<String, Float> convertIdToToken(LexicalWeights weights) {
        Objects.requireNonNull(weights, "weights");
        SequencedMap<String, Float> named = LinkedHashMap.newLinkedHashMap(weights.size());
        weights.asMap().forEach((id, weight) -> named.put(tokenizer().decode(id), weight));
        return named;
    }

    /** Does the same as {@link #convertIdToToken(LexicalWeights)} for several texts. */
    public List<SequencedMap<String, Float>> convertIdToToken(List<LexicalWeights> weights) {
        Objects.requireNonNull(weights, "weights");
        return weights.stream().map(this::convertIdToToken).toList();
    }

    private List<Embedding> encode(TextRole role, List<String> texts, long firstNumber,
            EncodeOptions options, RunOptions run) {
        Objects.requireNonNull(texts, "texts");
        Objects.requireNonNull(run, "run");
        return embeddings(TextInput.Text.all(role, texts), firstNumber, textTokenizer(options), options,
                run);
    }

    private Stream<Embedding> stream(TextRole role, Stream<String> texts, EncodeOptions options,
            RunOptions run) {
        Objects.requireNonNull(texts, "texts");
        Objects.requireNonNull(options, "options");
        Objects.requireNonNull(run, "run");
        return EncodeStream.of(texts, windowTokens(options, run),
                (window, first) -> encode(role, window, first, options, run));
    }

    private List<Embedding> embeddings(List<? extends TextInput> inputs, long firstNumber,
            TextTokenizer tokenizer, EncodeOptions options, RunOptions run) {
        List<TextInput.Tokens> tokens = TextInput.Tokens.all(inputs, firstNumber, tokenizer,
                () -> TokenizedText.checkCancelled(run.cancelled()));
        return session.encode(tokens.stream().map(TextInput.Tokens::tokenized).toList(), heads(options),
                run.control(), this::embedding);
    }

    private long windowTokens(EncodeOptions options, RunOptions run) {
        return session.windowTokens(run.tokenBudget(),
                options.outputs().contains(Output.COLBERT) || options.tokenStates());
    }

    /** Returns the tokenizer for the inputs of one call, after checking the options against the model. */
    TextTokenizer textTokenizer(EncodeOptions options) {
        Objects.requireNonNull(options, "options");
        check(options);
        int maxLength = session.maxLength(options.maxLength(), info.defaultMaxLength(),
                EncodeOptions.MIN_LENGTH);
        // The limit in the model's sentence_bert_config.json applies to texts, not to token ids from callers.
        return new TextTokenizer(session.tokenizer(), info.vocabSize(), maxLength,
                options.maxLength().isPresent() ? maxLength : info.maxLength(),
                options.truncation() == Truncation.LEFT, role -> withInstruction(role, options));
    }

    /** Checks the options against the model; an output without a head is an error. */
    private void check(EncodeOptions options) {
        session.requireUsable();
        for (Output output : options.outputs()) {
            if (!info.outputs().contains(output)) {
                throw new InputException(output.label() + ": this model has no head for it (expected: "
                        + String.join(" or ", output == Output.SPARSE
                                ? HeadTensors.SPARSE_FILES
                                : HeadTensors.COLBERT_FILES)
                        + " in " + info.folder() + ", or its tensors in " + info.weightFiles().getFirst()
                        + ")");
            }
        }
        if (options.truncateDim().orElse(1) > info.denseDimension()) {
            throw new InputException("truncateDim: " + options.truncateDim().getAsInt() + " (expected: 1.."
                    + info.denseDimension() + ")");
        }
    }

    /** Returns what the heads must compute for these options. */
    HeadSpec heads(EncodeOptions options) {
        return new HeadSpec(options.outputs().contains(Output.DENSE),
                options.outputs().contains(Output.SPARSE), options.outputs().contains(Output.COLBERT),
                options.tokenStates(), options.pooling().orElse(info.pooling()).inHead(),
                options.truncateDim().orElse(info.denseDimension()), options.normalize());
    }

    /** Converts a text's outputs to the public result. */
    Embedding embedding(TextOutputs outputs) {
        int[] ids = outputs.text().tokenIds();
        return new Embedding(outputs.dense().map(DenseVector::new).orElse(null),
                outputs.tokenWeights().map(weights -> LexicalWeights.gather(ids, weights, unweightedIds))
                        .orElse(null),
                outputs.colbert()
                        .map(rows -> new ColbertVectors(rows, ids.length - 1, info.colbertDimension()))
                        .orElse(null),
                outputs.tokenStates()
                        .map(rows -> new TokenStates(rows, ids.length, rows.length / ids.length))
                        .orElse(null),
                ids.length, outputs.text().fullLength());
    }

    /**
     * Returns the function that prepends the instruction for a role: that of the options, else that of the
     * load options, else the model's prompt.
     */
    private UnaryOperator<String> withInstruction(TextRole role, EncodeOptions options) {
        String instruction = switch (role) {
            case TEXT -> "";
            case QUERY -> loadOptions.queryInstruction();
            case PASSAGE -> loadOptions.passageInstruction();
        };
        Optional<String> own = options.instruction();
        if (own.isEmpty() && instruction.isEmpty()) {
            String prompt = switch (role) {
                case TEXT -> info().defaultPrompt();
                case QUERY -> info().queryPrompt();
                case PASSAGE -> info().passagePrompt();
            };
            return prompt::concat;
        }
        String format = switch (role) {
            case TEXT -> LoadOptions.PLAIN_FORMAT;
            case QUERY -> loadOptions.queryInstructionFormat();
            case PASSAGE -> loadOptions.passageInstructionFormat();
        };
        String usedFormat = options.instructionFormat()
                .orElse(own.isPresent() ? LoadOptions.PLAIN_FORMAT : format);
        return text -> Instruction.apply(usedFormat, own.orElse(instruction), text);
    }

    /** Returns the session, for the queues. */
    ModelSession session() {
        return session;
    }

    /** Frees memory and threads after the batches in progress have finished; closing again has no effect. */
    @Override
    public void close() {
        session.close();
    }
}
