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
 * A loaded BGE-M3: texts in; dense vectors, lexical weights and ColBERT vectors out, as FlagEmbedding's
 * {@code BGEM3FlagModel} computes them.
 *
 * {@snippet file="dev/bgem3/sample/LoadSamplesTest.java" region="name"}
 *
 * <p>
 * Thread-safe: every method may be called from many threads at once. Calls share the model's threads and
 * devices, a batch at a time, in the order in which they ask. On a CPU a text's outputs have the same bits
 * alone or among others, with any number of threads.
 *
 * <p>
 * Close it to free its memory and threads. A batch that another thread has under way ends first; a call that
 * then has batches left, and any later call that computes, throws {@link IllegalStateException}.
 */
public final class BgeM3 implements AutoCloseable {
    private final ModelSession session;
    private final ModelInfo info;
    /** Ascending. */
    private final int[] unweightedIds;
    private final LoadOptions loadOptions;

    private BgeM3(ModelSession session, LoadOptions loadOptions) {
        this.session = session;
        info = new ModelInfo(session.folder(), session.backend(), session.kernels(), session.maxLength());
        Tokenizer tokenizer = session.tokenizer();
        // As FlagEmbedding has it: of the special tokens the mask alone may have a lexical weight.
        unweightedIds = IntStream.of(tokenizer.specialIds()).filter(id -> id != tokenizer.maskTokenId())
                .toArray();
        this.loadOptions = loadOptions;
    }

    /** Loads a model by its folder or its name on the hub, with the default options. */
    public static BgeM3 load(String model) {
        return load(model, LoadOptions.defaults());
    }

    /**
     * Loads a model by its folder, or by its name on the hub, such as {@code BAAI/bge-m3}, from the {@link
     * HuggingFaceCache}.
     *
     * {@snippet file="dev/bgem3/sample/LoadSamplesTest.java" region="name"}
     *
     * @throws ModelException
     *             where it is in neither place, or as {@link #load(Path, LoadOptions)} says
     * @throws BackendException
     *             as {@link #load(Path, LoadOptions)} says
     */
    public static BgeM3 load(String model, LoadOptions options) {
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(options, "options");
        return load(HuggingFaceCache.ofProcess().folderOf(model), options);
    }

    /** Loads a model folder with the default options. */
    public static BgeM3 load(Path folder) {
        return load(folder, LoadOptions.defaults());
    }

    /**
     * Loads a model folder as downloaded from the hub.
     *
     * {@snippet file="dev/bgem3/sample/LoadSamplesTest.java" region="folder"}
     *
     * @throws ModelException
     *             where the folder or one of its files cannot be used; the message names it
     * @throws BackendException
     *             where this machine lacks the kernels, the device, the precision, the threads or the memory
     *             asked for, or the process may open no more files
     * @throws dev.bgem3.error.CancelledException
     *             where this thread is interrupted; it stays so
     */
    public static BgeM3 load(Path folder, LoadOptions options) {
        Objects.requireNonNull(folder, "folder");
        Objects.requireNonNull(options, "options");
        return load(folder, options, KernelProviders.all());
    }

    /** As {@code load}, with these kernels and no others, the preferred first. */
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
     * The kernels that are installed, the preferred first, whether they can be used here or not; needs no
     * model.
     *
     * {@snippet file="dev/bgem3/sample/LoadSamplesTest.java" region="kernels"}
     */
    public static List<KernelStatus> kernels() {
        return KernelProviders.all().stream().map(KernelStatus::of).toList();
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
     * The dense vector of one text.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="text"}
     */
    public Embedding encode(String text) {
        return encode(text, EncodeOptions.defaults());
    }

    /** The outputs of one text. */
    public Embedding encode(String text, EncodeOptions options) {
        Objects.requireNonNull(text, "text");
        return encode(List.of(text), options).getFirst();
    }

    /** The dense vectors of some texts, in their order. */
    public List<Embedding> encode(List<String> texts) {
        return encode(texts, EncodeOptions.defaults());
    }

    /**
     * The outputs of some texts, in their order.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="options"}
     *
     * @throws InputException
     *             where a text is null, or the options ask what this model does not have
     * @throws ModelException
     *             where an embedding that a text needs is NaN or infinite in the model's file: embeddings are
     *             read when they are used; the message names the tensor
     * @throws dev.bgem3.error.NonFiniteOutputException
     *             where an output is NaN or infinite; the message names the text
     * @throws dev.bgem3.error.CancelledException
     *             where the run's {@code cancelled} said so
     * @throws dev.bgem3.error.OutOfDeviceMemoryException
     *             where a GPU's memory does not suffice for a text by itself; the message names it
     * @throws dev.bgem3.error.DeviceLostException
     *             where the last of the model's GPUs has failed, as every later call says too
     */
    public List<Embedding> encode(List<String> texts, EncodeOptions options) {
        return encode(texts, options, RunOptions.defaults());
    }

    /**
     * As {@code encode}, run as told.
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
     * reads one window ahead at most, whatever the texts come from and however the result is used. What
     * {@link #encode(List, EncodeOptions)} throws comes out of the result's terminal operation. The result is
     * computed in order even after {@code parallel()}: each window uses all slots by itself.
     *
     * <p>
     * The texts are read in the thread that runs the terminal operation if it takes all results, as
     * {@code forEach} and {@code collect} do. What can stop half-way ({@code iterator}, {@code findFirst},
     * {@code limit}) has them read in a thread of their own, which ends with the texts, when the result is
     * closed, or once the result is unreachable. So close a result that is not used up; that closes
     * {@code texts} too.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="stream"}
     */
    public Stream<Embedding> encode(Stream<String> texts, EncodeOptions options) {
        return encode(texts, options, RunOptions.defaults());
    }

    /** As {@code encode}, run as told. */
    public Stream<Embedding> encode(Stream<String> texts, EncodeOptions options, RunOptions run) {
        return stream(TextRole.TEXT, texts, options, run);
    }

    /**
     * As {@code encode}, with the query instruction: the options' own, else that of the {@link LoadOptions},
     * else the prompt {@code query} of the model's {@code config_sentence_transformers.json}, where it has
     * one.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="roles"}
     */
    public Embedding encodeQuery(String query) {
        return encodeQuery(query, EncodeOptions.defaults());
    }

    /** As {@code encode}, with the query instruction. */
    public Embedding encodeQuery(String query, EncodeOptions options) {
        Objects.requireNonNull(query, "query");
        return encodeQueries(List.of(query), options).getFirst();
    }

    /** {@link #encodeQuery(String)} by FlagEmbedding's name. */
    public Embedding encodeQueries(String query) {
        return encodeQuery(query);
    }

    /** {@link #encodeQuery(String, EncodeOptions)} by FlagEmbedding's name. */
    public Embedding encodeQueries(String query, EncodeOptions options) {
        return encodeQuery(query, options);
    }

    /**
     * As {@code encode}, with the query instruction.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="roles"}
     */
    public List<Embedding> encodeQueries(List<String> queries) {
        return encodeQueries(queries, EncodeOptions.defaults());
    }

    /** As {@code encode}, with the query instruction. */
    public List<Embedding> encodeQueries(List<String> queries, EncodeOptions options) {
        return encodeQueries(queries, options, RunOptions.defaults());
    }

    /** As {@code encodeQueries}, run as told. */
    public List<Embedding> encodeQueries(List<String> queries, EncodeOptions options, RunOptions run) {
        Objects.requireNonNull(queries, "queries");
        return encode(TextRole.QUERY, queries, 0, options, run);
    }

    /** As {@code encode}, with the query instruction. */
    public Stream<Embedding> encodeQueries(Stream<String> queries, EncodeOptions options) {
        return encodeQueries(queries, options, RunOptions.defaults());
    }

    /** As {@code encodeQueries}, run as told. */
    public Stream<Embedding> encodeQueries(Stream<String> queries, EncodeOptions options, RunOptions run) {
        Objects.requireNonNull(queries, "queries");
        return stream(TextRole.QUERY, queries, options, run);
    }

    /**
     * As {@code encode}, with the passage instruction: the options' own, else that of the {@link
     * LoadOptions}, else the prompt {@code document}, {@code passage} or {@code corpus} of the model's {@code
     * config_sentence_transformers.json}, the first that it has.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="roles"}
     */
    public Embedding encodePassage(String passage) {
        return encodePassage(passage, EncodeOptions.defaults());
    }

    /** As {@code encode}, with the passage instruction. */
    public Embedding encodePassage(String passage, EncodeOptions options) {
        Objects.requireNonNull(passage, "passage");
        return encodeCorpus(List.of(passage), options).getFirst();
    }

    /** {@link #encodePassage(String)} by FlagEmbedding's name. */
    public Embedding encodeCorpus(String passage) {
        return encodePassage(passage);
    }

    /** {@link #encodePassage(String, EncodeOptions)} by FlagEmbedding's name. */
    public Embedding encodeCorpus(String passage, EncodeOptions options) {
        return encodePassage(passage, options);
    }

    /**
     * As {@code encode}, with the passage instruction.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="roles"}
     */
    public List<Embedding> encodeCorpus(List<String> passages) {
        return encodeCorpus(passages, EncodeOptions.defaults());
    }

    /** As {@code encode}, with the passage instruction. */
    public List<Embedding> encodeCorpus(List<String> passages, EncodeOptions options) {
        return encodeCorpus(passages, options, RunOptions.defaults());
    }

    /** As {@code encodeCorpus}, run as told. */
    public List<Embedding> encodeCorpus(List<String> passages, EncodeOptions options, RunOptions run) {
        Objects.requireNonNull(passages, "passages");
        return encode(TextRole.PASSAGE, passages, 0, options, run);
    }

    /** As {@code encode}, with the passage instruction. */
    public Stream<Embedding> encodeCorpus(Stream<String> passages, EncodeOptions options) {
        return encodeCorpus(passages, options, RunOptions.defaults());
    }

    /** As {@code encodeCorpus}, run as told. */
    public Stream<Embedding> encodeCorpus(Stream<String> passages, EncodeOptions options, RunOptions run) {
        Objects.requireNonNull(passages, "passages");
        return stream(TextRole.PASSAGE, passages, options, run);
    }

    /**
     * The outputs of texts that are tokens already.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="token-ids"}
     *
     * @param tokenIds
     *            each text's ids as the model reads them, {@code <s>} and {@code </s>} included; never cut:
     *            one that is longer than the options' or the model's limit is an error
     * @throws InputException
     *             as {@code encode}, and where an id is out of range or a text is empty or too long
     */
    public List<Embedding> encodeTokenIds(List<int[]> tokenIds, EncodeOptions options) {
        return encodeTokenIds(tokenIds, options, RunOptions.defaults());
    }

    /** As {@code encodeTokenIds}, run as told. */
    public List<Embedding> encodeTokenIds(List<int[]> tokenIds, EncodeOptions options, RunOptions run) {
        Objects.requireNonNull(tokenIds, "tokenIds");
        Objects.requireNonNull(run, "run");
        TextTokenizer tokenizer = textTokenizer(options);
        return embeddings(TextInput.Tokens.whole(tokenIds, tokenizer.maxTokenIds()), 0, tokenizer, options,
                run);
    }

    /**
     * The outputs of some inputs, in their order: plain texts, queries, passages and token ids, each of which
     * failures name by its place. Token ids are cut as texts are, but for one thing: where the options do not
     * say, it is the model's own limit that counts.
     *
     * @throws InputException
     *             as {@code encode}, and where a token id is out of range or an input has none
     */
    public List<Embedding> encodeInputs(List<? extends TextInput> inputs, EncodeOptions options) {
        return encodeInputs(inputs, options, RunOptions.defaults());
    }

    /** As {@code encodeInputs}, run as told. */
    public List<Embedding> encodeInputs(List<? extends TextInput> inputs, EncodeOptions options,
            RunOptions run) {
        Objects.requireNonNull(inputs, "inputs");
        Objects.requireNonNull(run, "run");
        return embeddings(inputs, 0, textTokenizer(options), options, run);
    }

    /**
     * The tokens of some inputs as {@code encodeInputs} makes them, each with its place: for a caller that
     * must know how many there are before it has them computed. To compute them with the same options gives
     * the same outputs.
     *
     * @throws InputException
     *             as {@code encodeInputs}
     */
    public List<TextInput.Tokens> tokenize(List<? extends TextInput> inputs, EncodeOptions options) {
        Objects.requireNonNull(inputs, "inputs");
        return TextInput.Tokens.all(inputs, 0, textTokenizer(options), () -> {});
    }

    /** The five scores of a query and a passage with equal weights. */
    public PairScores computeScore(TextPair pair) {
        Objects.requireNonNull(pair, "pair");
        return computeScore(List.of(pair), ScoreWeights.EQUAL, EncodeOptions.defaults()).getFirst();
    }

    /** The five scores of each pair with equal weights. */
    public List<PairScores> computeScore(List<TextPair> pairs) {
        return computeScore(pairs, ScoreWeights.EQUAL, EncodeOptions.defaults());
    }

    /**
     * The five scores of each pair, in their order: queries get the query instruction, passages that of
     * passages. A text that stands in several neighbouring pairs is computed once.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="pairs"}
     *
     * @param options
     *            all but the outputs, which are all three
     * @throws InputException
     *             as {@code encode}, and where the model lacks one of the heads
     */
    public List<PairScores> computeScore(List<TextPair> pairs, ScoreWeights weights, EncodeOptions options) {
        return computeScore(pairs, weights, options, RunOptions.defaults());
    }

    /** As {@code computeScore}, run as told. */
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

    /**
     * So many pairs are encoded before they are scored: enough to fill batches, few enough to hold their
     * ColBERT vectors.
     */
    private static final int PAIR_WINDOW = 256;

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
     * The lexical matching score of two texts: the sum over shared tokens of the product of their weights.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="lexical"}
     */
    public static float computeLexicalMatchingScore(LexicalWeights first, LexicalWeights second) {
        Objects.requireNonNull(first, "first");
        Objects.requireNonNull(second, "second");
        return first.dot(second);
    }

    /**
     * The lexical matching scores of each of {@code rows} with each of {@code columns}:
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
     * The ColBERT score: the mean over the query's rows of the largest dot product with a row of the passage.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="colbert"}
     */
    public static float colbertScore(ColbertVectors query, ColbertVectors passage) {
        Objects.requireNonNull(query, "query");
        Objects.requireNonNull(passage, "passage");
        return query.score(passage);
    }

    /**
     * Lexical weights by decoded token, for people to read; in the order of the text. Where two tokens decode
     * to the same name (a word's start and its middle may) the later one's weight stands, as in
     * FlagEmbedding.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="lexical"}
     */
    public SequencedMap<String, Float> convertIdToToken(LexicalWeights weights) {
        Objects.requireNonNull(weights, "weights");
        SequencedMap<String, Float> named = LinkedHashMap.newLinkedHashMap(weights.size());
        weights.asMap().forEach((id, weight) -> named.put(tokenizer().decode(id), weight));
        return named;
    }

    /** As for one text, for several. */
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

    /** Tokenizes the inputs of one call; checks its options against the model first. */
    TextTokenizer textTokenizer(EncodeOptions options) {
        Objects.requireNonNull(options, "options");
        check(options);
        int maxLength = session.maxLength(options.maxLength(), info.defaultMaxLength(),
                EncodeOptions.MIN_LENGTH);
        // The limit in a file of the model is for texts alone, not for who makes the tokens.
        return new TextTokenizer(session.tokenizer(), info.vocabSize(), maxLength,
                options.maxLength().isPresent() ? maxLength : info.maxLength(),
                options.truncation() == Truncation.LEFT, role -> beforeTexts(role, options));
    }

    /** Checks the options against the model; an output that the model has no head for is never made up. */
    private void check(EncodeOptions options) {
        session.requireUsable();
        for (Output output : options.outputs()) {
            if (!info.outputs().contains(output)) {
                throw new InputException(output.label() + ": this model has no head for it (expected: "
                        + (output == Output.SPARSE ? HeadTensors.SPARSE_FILE : HeadTensors.COLBERT_FILE)
                        + " in "
                        + info.folder() + ", or its tensors in " + info.weightFiles().getFirst() + ")");
            }
        }
        if (options.truncateDim().orElse(1) > info.hiddenSize()) {
            throw new InputException("truncateDim: " + options.truncateDim().getAsInt() + " (expected: 1.."
                    + info.hiddenSize() + ")");
        }
    }

    /** What the options ask of the heads. */
    HeadSpec heads(EncodeOptions options) {
        return new HeadSpec(options.outputs().contains(Output.DENSE),
                options.outputs().contains(Output.SPARSE), options.outputs().contains(Output.COLBERT),
                options.tokenStates(), options.pooling().orElse(info.pooling()).inHead(),
                options.truncateDim().orElse(info.hiddenSize()), options.normalize());
    }

    /** A text's outputs as what users get. */
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
     * Puts before a text what goes with its role: the call's instruction, else that of the load options, else
     * the model's prompt.
     */
    private UnaryOperator<String> beforeTexts(TextRole role, EncodeOptions options) {
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
