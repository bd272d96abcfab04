package dev.bgem3;

import dev.bgem3.DeviceModel.HeadGroup;
import dev.bgem3.error.BackendException;
import dev.bgem3.error.BgeM3Exception;
import dev.bgem3.error.CancelledException;
import dev.bgem3.error.InputException;
import dev.bgem3.error.ModelException;
import dev.bgem3.error.NonFiniteOutputException;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.ThreadTeam;
import dev.bgem3.model.Classifier;
import dev.bgem3.model.ModelConfig;
import dev.bgem3.model.ModelFolder;
import dev.bgem3.model.SentenceTransformersFiles;
import dev.bgem3.model.TokenBatch;
import dev.bgem3.tokenizer.XlmRobertaTokenizer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/** The parts of a loaded model, and the work that they do together: batches cut, run on its devices' lanes, and put in order. */
final class LoadedModel implements AutoCloseable {
    /**
     * A window of a stream is about so many token budgets, and two for each lane: enough to sort by length into even batches.
     */
    private static final int WINDOW_BUDGETS = 4;
    private static final int WINDOW_BUDGETS_PER_LANE = 2;
    /** ColBERT vectors, and hidden states too, take 4 KiB a token: a window of them stays near 64 MiB, unless two budgets are more. */
    private static final long COLBERT_WINDOW_TOKENS = 16_384;
    /** A BERT's table may be longer than its tokenizer, up to a multiple of 128; multilingual-e5-small's is by 35 rows. */
    private static final int MOST_SPARE_ROWS = 127;

    private final ModelFolder folder;
    private final XlmRobertaTokenizer tokenizer;
    private final LaneQueue lanes;
    private final int kernelTokenBudget;
    private final int[] specialIds;
    private final ModelInfo info;

    private LoadedModel(ModelFolder folder, XlmRobertaTokenizer tokenizer, Placement placement,
            List<DeviceModel> devices) {
        this.folder = folder;
        this.tokenizer = tokenizer;
        lanes = new LaneQueue(folder.folder().toString(), devices);
        kernelTokenBudget = devices.stream().mapToInt(DeviceModel::tokenBudget).min().orElseThrow();
        specialIds = IntStream.of(tokenizer.clsTokenId(), tokenizer.eosTokenId(), tokenizer.padTokenId(),
                tokenizer.unkTokenId()).sorted().toArray();
        info = describe(placement, devices.getFirst().kernels());
    }

    /** What a model is asked for. */
    enum Kind {
        /** A text's vectors. */
        ENCODER,
        /** A pair's score. */
        CROSS_ENCODER
    }

    /**
     * The kind of a folder's model.
     *
     * @throws ModelException
     *             where the folder is no model
     */
    static Kind kind(Path path) {
        try (ModelFolder folder = ModelFolder.open(path)) {
            return kind(folder);
        } catch (ModelException e) {
            throw interruptedOr(path, e);
        }
    }

    /** What to throw: the file is sound if its channel was closed by an interrupt. */
    private static BgeM3Exception interruptedOr(Path path, ModelException e) {
        return e.getCause() instanceof ClosedByInterruptException
                ? new CancelledException(path + ": the thread that loads was interrupted")
                : e;
    }

    private static Kind kind(ModelFolder folder) {
        return folder.classifier().isPresent() ? Kind.CROSS_ENCODER : Kind.ENCODER;
    }

    private static void requireKind(ModelFolder folder, Kind kind) {
        if (kind(folder) == kind) {
            return;
        }
        throw new ModelException(folder.folder() + (kind == Kind.ENCODER
                ? ": a reranker, which scores pairs and gives no vectors (expected: a model that encodes texts;"
                        + " Reranker.load and bgem3 rerank take this one)"
                : ": no reranker (expected: architectures of " + Classifier.ARCHITECTURE + " in "
                        + ModelConfig.FILE_NAME
                        + "; this is a model that encodes texts, for BgeM3.load, bgem3 encode and bgem3 score)"));
    }

    /** Opens a folder; on failure everything that was opened is closed again. */
    static LoadedModel open(Path path, LoadOptions options, List<KernelProvider> installed, Kind kind) {
        // Beside the start of the kernels, which takes a fresh process about as long.
        CompletableFuture<XlmRobertaTokenizer> tokenizer = new CompletableFuture<>();
        Thread reader = runBeside(
                () -> tokenizer.completeAsync(() -> XlmRobertaTokenizer.load(path), Runnable::run));
        try {
            return open(path, options, Placement.choose(options, installed), kind, tokenizer);
        } catch (ModelException e) {
            throw interruptedOr(path, e);
        } catch (OutOfMemoryError e) {
            throw outOfMemory(path, e);
        } finally {
            // If something else failed first: whoever called may remove the folder now.
            ThreadTeam.awaitEnd(reader);
        }
    }

    /** Runs a task in a thread of its own, or in this one if the system grants no other. */
    private static Thread runBeside(Runnable task) {
        Thread thread = Thread.ofPlatform().name("bgem3-tokenizer").daemon().unstarted(task);
        try {
            thread.start();
        } catch (OutOfMemoryError _) { // "unable to create native thread"
            task.run();
        }
        return thread;
    }

    private static BackendException outOfMemory(Path path, OutOfMemoryError why) {
        long heap = Runtime.getRuntime().maxMemory() >> 20;
        return new BackendException(path + ": out of memory while loading: " + why.getMessage()
                + " (expected: more memory for the process, or room between its limit and the heap's, which is "
                + heap + " MiB (-Xmx))", why);
    }

    private static LoadedModel open(Path path, LoadOptions options, Placement placement, Kind kind,
            CompletableFuture<XlmRobertaTokenizer> tokenizerOnItsWay) {
        int threads = options.threads() == 0 ? Runtime.getRuntime().availableProcessors() : options.threads();
        ModelFolder folder = ModelFolder.open(path);
        List<DeviceModel> devices = new ArrayList<>();
        boolean done = false;
        try {
            requireKind(folder, kind);
            if (kind == Kind.CROSS_ENCODER && folder.config().maxTokens() < RerankOptions.LEAST_LENGTH) {
                throw new ModelException(path + ": max_position_embeddings: "
                        + folder.config().maxPositions() + ", so many as " + folder.config().maxTokens()
                        + " tokens (expected: room for the " + RerankOptions.LEAST_LENGTH
                        + " of a pair that is cut)");
            }
            XlmRobertaTokenizer tokenizer = outcome(tokenizerOnItsWay);
            checkVocabulary(path, folder.config(), tokenizer.vocabSize());
            for (int i = 0; i < placement.devices().size(); i++) {
                devices.add(new DeviceModel(placement.deviceNames().get(i), placement.open(i, threads),
                        folder));
            }
            LoadedModel model = new LoadedModel(folder, tokenizer, placement, devices);
            folder.dropPages();
            done = true;
            return model;
        } catch (InternalError fault) {
            throw shortenedFile(path, fault);
        } finally {
            if (!done) {
                try {
                    LaneQueue.closeAll(devices);
                } finally {
                    folder.close();
                }
            }
        }
    }

    /** Waits for it; what it threw is thrown on. */
    private static XlmRobertaTokenizer outcome(CompletableFuture<XlmRobertaTokenizer> tokenizer) {
        try {
            return tokenizer.join();
        } catch (CompletionException e) {
            switch (e.getCause()) {
                case RuntimeException known -> throw known;
                case Error error -> throw error;
                default -> throw e;
            }
        }
    }

    private static void checkVocabulary(Path path, ModelConfig config, int tokenIds) {
        int mostSpare = config.isBert() ? MOST_SPARE_ROWS : 0;
        if (tokenIds > config.vocabSize() || tokenIds < config.vocabSize() - mostSpare) {
            throw new ModelException(path + ": the tokenizer has " + tokenIds + " token ids (expected: "
                    + (mostSpare == 0 ? "" : "at most " + mostSpare + " fewer than ") + config.vocabSize()
                    + ", vocab_size in " + ModelConfig.FILE_NAME + ")");
        }
    }

    private ModelInfo describe(Placement placement, Kernels kernels) {
        ModelConfig config = folder.config();
        boolean encodes = folder.classifier().isEmpty();
        Set<Output> outputs = EnumSet.noneOf(Output.class);
        if (encodes) {
            outputs.add(Output.DENSE);
        }
        if (encodes && folder.sparseHead().isPresent()) {
            outputs.add(Output.SPARSE);
        }
        if (encodes && folder.colbertHead().isPresent()) {
            outputs.add(Output.COLBERT);
        }
        // Those of a cross-encoder say how sentence-transformers compares, which is not asked for here.
        SentenceTransformersFiles files = encodes
                ? folder.sentenceTransformers()
                : SentenceTransformersFiles.NONE;
        int maxLength = Math.min(config.maxTokens(), mostTokens());
        return new ModelInfo(folder.folder(), folder.fileNames(), folder.weightDtype(), outputs,
                files.pooling().map(Pooling::of).orElse(Pooling.CLS),
                config.hiddenSize(), config.layerCount(), config.headCount(), config.intermediateSize(),
                config.vocabSize(), maxLength,
                Math.min(maxLength, files.maxLength().orElse(maxLength)),
                encodes ? folder.colbertDimension() : 0, files.prompts(), files.defaultPromptName(),
                folder.classifier().map(Classifier::label), folder.parameterCount(),
                placement.provider().name(), kernels.description(),
                Precision.of(placement.arithmetic()), placement.deviceNames(), kernels.threads());
    }

    /** The most tokens of a batch whose widest tensor still has fewer numbers than an int counts. */
    private int mostTokens() {
        ModelConfig config = folder.config();
        int widest = Math.max(folder.colbertDimension(),
                Math.max(3 * config.hiddenSize(), config.intermediateSize()));
        return Integer.MAX_VALUE / widest;
    }

    ModelInfo info() {
        return info;
    }

    XlmRobertaTokenizer tokenizer() {
        return tokenizer;
    }

    /** The most tokens of a batch where this many are set. */
    int tokenBudget(OptionalInt set) {
        return Math.min(set.orElse(kernelTokenBudget), mostTokens());
    }

    /** How many batches are computed at a time. */
    int laneCount() {
        return lanes.laneCount();
    }

    /** About how many tokens of texts or pairs to hold at a time. */
    long windowTokens(OptionalInt tokenBudget) {
        return (long) tokenBudget(tokenBudget)
                * Math.max(WINDOW_BUDGETS, WINDOW_BUDGETS_PER_LANE * lanes.laneCount());
    }

    /** About how many tokens of a stream's texts to encode at a time. */
    long windowTokens(EncodeOptions options) {
        Objects.requireNonNull(options, "options");
        long budget = tokenBudget(options.tokenBudget());
        long tokens = windowTokens(options.tokenBudget());
        return options.outputs().contains(Output.COLBERT) || options.tokenStates()
                ? Math.min(tokens, Math.max(COLBERT_WINDOW_TOKENS, 2 * budget))
                : tokens;
    }

    /**
     * Encodes texts in batches of the token budget, the longest first, and answers in their order;
     * {@link #check} comes before, and before the texts are tokenized.
     */
    List<Embedding> encode(List<TokenizedText> texts, EncodeOptions options) {
        Embedding[] embeddings = new Embedding[texts.size()];
        HeadChoice heads = heads(options);
        BatchRun.run(Batch.cut(texts, tokenBudget(options.tokenBudget())), lanes.laneCount(),
                options.progress(),
                options.cancelled(), batch -> compute(batch, embeddings, heads));
        return List.of(embeddings);
    }

    /** Holds the options against the model; an output that the model has no head for is never made up. */
    void check(EncodeOptions options) {
        lanes.requireUsable();
        for (Output output : options.outputs()) {
            if (!info.outputs().contains(output)) {
                throw new InputException(output.label() + ": this model has no head for it (expected: "
                        + (output == Output.SPARSE ? "sparse_linear" : "colbert_linear") + ".pt in "
                        + info.folder()
                        + ", or its tensors in " + info.weightFiles().getFirst() + ")");
            }
        }
        if (options.truncateDim().orElse(1) > info.hiddenSize()) {
            throw new InputException("truncateDim: " + options.truncateDim().getAsInt() + " (expected: 1.."
                    + info.hiddenSize() + ")");
        }
    }

    /** What the options ask of the heads. */
    HeadChoice heads(EncodeOptions options) {
        return new HeadChoice(options.outputs(), options.pooling().orElse(info.pooling()),
                options.truncateDim().orElse(info.hiddenSize()), options.normalize(), options.tokenStates());
    }

    /** Writes a batch's embeddings to their places. */
    private void compute(Batch batch, Embedding[] embeddings, HeadChoice heads) {
        IntFunction<Embedding> results = compute(
                batch.texts().stream().map(text -> new EncodeWork(text, heads)).toList());
        for (int i = 0; i < batch.texts().size(); i++) {
            embeddings[batch.places().get(i)] = results.apply(i);
        }
    }

    /**
     * Computes texts together, whatever is asked of each; what needs no device is done without holding a lane.
     *
     * @return gives the embedding of the text at an index, made when it is called, or throws where an output is not finite
     */
    IntFunction<Embedding> compute(List<EncodeWork> works) {
        SequencedMap<HeadChoice, List<Integer>> byHeads = new LinkedHashMap<>();
        for (int i = 0; i < works.size(); i++) {
            byHeads.computeIfAbsent(works.get(i).heads(), _ -> new ArrayList<>()).add(i);
        }
        List<Integer> order = byHeads.values().stream().flatMap(List::stream).toList();
        TokenBatch tokens = TokenBatch.of(order.stream().map(i -> works.get(i).text().tokenIds()).toList());
        List<HeadGroup> groups = byHeads.entrySet().stream()
                .map(entry -> new HeadGroup(entry.getKey(), entry.getValue().size())).toList();
        List<HeadOutputs> outputs = run(lane -> lane.device().run(lane.workspace(), tokens, groups));
        List<Supplier<Embedding>> embeddings = new ArrayList<>(Collections.nCopies(works.size(), null));
        int s = 0;
        for (int g = 0; g < groups.size(); g++) {
            HeadOutputs made = outputs.get(g);
            int firstText = s;
            int firstToken = tokens.cumulativeLengths()[s];
            for (; s < firstText + groups.get(g).textCount(); s++) {
                int text = s - firstText;
                int token = tokens.cumulativeLengths()[s] - firstToken;
                TokenizedText tokenized = works.get(order.get(s)).text();
                embeddings.set(order.get(s),
                        () -> made.embedding(tokenized, text, token, info.colbertDimension(), specialIds));
            }
        }
        return i -> embeddings.get(i).get();
    }

    /** Scores pairs of a cross-encoder in batches of the token budget, the longest first, and answers in their order. */
    float[] score(List<TokenizedText> pairs, RerankOptions options) {
        float[] scores = new float[pairs.size()];
        BatchRun.run(Batch.cut(pairs, tokenBudget(options.tokenBudget())), lanes.laneCount(),
                options.progress(), options.cancelled(), batch -> {
                    IntFunction<Float> made = score(batch.texts());
                    for (int i = 0; i < batch.texts().size(); i++) {
                        scores[batch.places().get(i)] = made.apply(i);
                    }
                });
        return scores;
    }

    /**
     * Scores pairs together.
     *
     * @return gives the score of the pair at an index, or throws where it is not finite
     */
    IntFunction<Float> score(List<TokenizedText> pairs) {
        TokenBatch tokens = TokenBatch.of(pairs.stream().map(TokenizedText::tokenIds).toList());
        float[] scores = run(lane -> lane.device().scores(lane.workspace(), tokens));
        return i -> {
            if (!Float.isFinite(scores[i])) {
                throw new NonFiniteOutputException(
                        pairs.get(i).name() + ": score: " + scores[i] + " (expected: a finite number)");
            }
            return scores[i];
        };
    }

    private <T> T run(Function<LaneQueue.Lane, T> work) {
        try {
            return lanes.run(work);
        } catch (InternalError fault) {
            throw shortenedFile(folder.folder(), fault);
        }
    }

    /** Java's error where a mapped page has lost its file; any other goes on as it is. */
    private static ModelException shortenedFile(Path folder, InternalError fault) {
        if (!String.valueOf(fault.getMessage()).contains("unsafe memory access")) {
            throw fault;
        }
        return new ModelException(
                folder + ": a file of the model became shorter, or could not be read, while it "
                        + "was in use (expected: files that stay as they are)",
                fault);
    }

    /** Throws where no work can be done any more. */
    void requireUsable() {
        lanes.requireUsable();
    }

    /** Synchronized: the folder's files are not for two threads to close at a time. */
    @Override
    public synchronized void close() {
        try {
            lanes.close();
        } finally {
            folder.close();
        }
    }
}
