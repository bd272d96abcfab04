package dev.bgem3.engine;

import dev.bgem3.engine.ModelReplica.HeadGroup;
import dev.bgem3.error.BackendException;
import dev.bgem3.error.BgeM3Exception;
import dev.bgem3.error.CancelledException;
import dev.bgem3.error.InputException;
import dev.bgem3.error.ModelException;
import dev.bgem3.error.NonFiniteOutputException;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.ThreadTeam;
import dev.bgem3.model.ModelConfig;
import dev.bgem3.model.ModelFolder;
import dev.bgem3.model.TokenBatch;
import dev.bgem3.tokenizer.Tokenizer;
import java.lang.reflect.UndeclaredThrowableException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/**
 * A loaded model: divides calls into batches, runs them on the slots of its devices, and returns the results
 * in the caller's order. Thread-safe.
 */
public final class ModelSession implements AutoCloseable {
    /**
     * The approximate size of a stream's window in token budgets, or two budgets for each slot: enough texts
     * to sort by length into even batches.
     */
    private static final int WINDOW_BUDGETS = 4;
    private static final int WINDOW_BUDGETS_PER_SLOT = 2;
    /**
     * ColBERT vectors and hidden states take 4 KiB for each token: this keeps a window of them near 64 MiB,
     * unless two token budgets are larger.
     */
    private static final long COLBERT_WINDOW_TOKENS = 16_384;

    private final ModelFolder folder;
    private final Tokenizer tokenizer;
    private final BackendSelection backend;
    private final SlotPool slots;
    private final Kernels kernels;
    private final int kernelTokenBudget;

    private ModelSession(ModelFolder folder, Tokenizer tokenizer, BackendSelection backend,
            List<ModelReplica> replicas) {
        this.folder = folder;
        this.tokenizer = tokenizer;
        this.backend = backend;
        slots = new SlotPool(folder.folder().toString(), replicas);
        kernels = replicas.getFirst().kernels();
        kernelTokenBudget = replicas.stream().mapToInt(ModelReplica::tokenBudget).min().orElseThrow();
    }

    /** What a model computes. */
    public enum Kind {
        /** Vectors of a text. */
        ENCODER,
        /** The score of a pair. */
        CROSS_ENCODER
    }

    /**
     * Returns the kind of a folder's model.
     *
     * @throws ModelException
     *             if the folder is not a model
     */
    public static Kind kind(Path path) {
        try (ModelFolder folder = ModelFolder.open(path)) {
            return kind(folder);
        } catch (ModelException e) {
            throw interruptedOr(path, e);
        } catch (OutOfMemoryError e) {
            throw outOfMemory(path, e);
        }
    }

    /**
     * Replaces the exception if an interrupt closed the file's channel, in which case the file is not at
     * fault.
     */
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
                ? ": a reranker, which scores pairs and computes no vectors (expected: a model that encodes "
                        + "texts; use Reranker.load or bgem3 rerank for this one)"
                : ": not a reranker (expected: architectures of "
                        + folder.config().family().classifierArchitecture() + " in "
                        + ModelConfig.FILE_NAME
                        + "; this is a model that encodes texts, for BgeM3.load, bgem3 encode and bgem3 "
                        + "score)"));
    }

    /**
     * Opens a folder; closes everything again on failure.
     *
     * @param installed
     *            the kernels to choose among, in order of preference
     * @throws BgeM3Exception
     *             if the folder, or the requested backend, cannot be used
     */
    public static ModelSession open(Path path, BackendRequest request, List<KernelProvider> installed,
            Kind kind) {
        try (TokenizerReading tokenizer = TokenizerReading.start(path)) {
            return open(path, request, BackendSelection.choose(request, installed), kind, tokenizer);
        } catch (ModelException e) {
            throw interruptedOr(path, e);
        } catch (OutOfMemoryError e) {
            throw outOfMemory(path, e);
        }
    }

    /** Reads the tokenizer while the kernels start, which takes about as long in a new process. */
    private static final class TokenizerReading implements AutoCloseable {
        private final Thread thread;
        private Tokenizer tokenizer;
        private Throwable failure;

        private TokenizerReading(Path path) {
            thread = Thread.ofPlatform().name("bgem3-tokenizer").daemon().unstarted(() -> read(path));
        }

        /** Starts a thread, or reads in this one if the system grants no other. */
        static TokenizerReading start(Path path) {
            TokenizerReading reading = new TokenizerReading(path);
            try {
                reading.thread.start();
            } catch (OutOfMemoryError _) { // "unable to create native thread"
                reading.read(path);
            }
            return reading;
        }

        private void read(Path path) {
            try {
                tokenizer = ModelTokenizer.load(path);
            } catch (Throwable thrown) { // Rethrown in the thread that loads the model.
                failure = thrown;
            }
        }

        /** Waits for the tokenizer; rethrows the failure to read it. */
        Tokenizer await() {
            ThreadTeam.awaitEnd(thread);
            switch (failure) {
                case null -> {
                    return tokenizer;
                }
                case RuntimeException known -> throw known;
                case Error error -> throw error;
                case Throwable other -> throw new UndeclaredThrowableException(other);
            }
        }

        /** Waits even if something else failed first, because the caller may delete the folder afterwards. */
        @Override
        public void close() {
            ThreadTeam.awaitEnd(thread);
        }
    }

    private static BackendException outOfMemory(Path path, OutOfMemoryError why) {
        long heap = Runtime.getRuntime().maxMemory() >> 20;
        return new BackendException(path + ": out of memory while loading: " + why.getMessage()
                + " (expected: more memory for the process, or room between its limit and the heap's, which "
                + "is " + heap + " MiB (-Xmx))", why);
    }

    private static ModelSession open(Path path, BackendRequest request, BackendSelection backend, Kind kind,
            TokenizerReading reading) {
        int threads = request.threads() == 0 ? Runtime.getRuntime().availableProcessors() : request.threads();
        ModelFolder folder = ModelFolder.open(path);
        List<ModelReplica> replicas = new ArrayList<>(backend.devices().size());
        boolean done = false;
        try {
            requireKind(folder, kind);
            if (kind == Kind.CROSS_ENCODER && folder.config().maxTokens() < PairTokenizer.MIN_LENGTH) {
                throw new ModelException(path + ": max_position_embeddings: "
                        + folder.config().maxPositions() + ", which allow " + folder.config().maxTokens()
                        + " tokens (expected: room for the " + PairTokenizer.MIN_LENGTH
                        + " of a pair that is cut)");
            }
            Tokenizer tokenizer = reading.await();
            checkVocabulary(path, folder.config(), tokenizer.vocabSize());
            for (int i = 0; i < backend.devices().size(); i++) {
                replicas.add(
                        new ModelReplica(backend.deviceRequests().get(i).text(), backend.open(i, threads),
                                folder));
            }
            ModelSession session = new ModelSession(folder, tokenizer, backend, replicas);
            folder.dropPages();
            done = true;
            return session;
        } catch (InternalError fault) {
            throw shortenedFile(path, fault);
        } finally {
            if (!done) {
                try {
                    SlotPool.closeAll(replicas);
                } finally {
                    folder.close();
                }
            }
        }
    }

    /**
     * Passes this session to a new owner; closes it if that fails.
     *
     * @param make
     *            creates the owner, which closes this session from now on
     */
    public <T> T handOver(Function<ModelSession, T> make) {
        boolean done = false;
        try {
            T owner = make.apply(this);
            done = true;
            return owner;
        } finally {
            if (!done) {
                close();
            }
        }
    }

    /** Allows spare rows of embeddings: training pads them to a multiple of 8 to 128 for speed. */
    private static void checkVocabulary(Path path, ModelConfig config, int tokenIds) {
        if (tokenIds > config.vocabSize()) {
            throw new ModelException(path + ": the tokenizer has " + tokenIds + " token ids (expected: "
                    + "at most " + config.vocabSize() + ", vocab_size in " + ModelConfig.FILE_NAME + ")");
        }
    }

    /**
     * Returns the maximum number of tokens of a batch for which the elements of its widest tensor can be
     * counted in an int.
     */
    private int maxBatchTokens() {
        ModelConfig config = folder.config();
        int widest = Math.max(Math.max(folder.colbertDimension(), folder.denseDimension()),
                Math.max(3 * config.hiddenSize(), config.intermediateSize()));
        return Integer.MAX_VALUE / widest;
    }

    /** Returns the model's folder, which this session closes. */
    public ModelFolder folder() {
        return folder;
    }

    /** Returns the kernels, arithmetic and devices in use. */
    public BackendSelection backend() {
        return backend;
    }

    /** Returns the kernels of the first device, for their description. */
    public Kernels kernels() {
        return kernels;
    }

    /** Returns the model's tokenizer, which stays usable after {@link #close()}. */
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /** Returns the maximum number of tokens of a text. */
    public int maxLength() {
        return Math.min(folder.config().maxTokens(), maxBatchTokens());
    }

    /**
     * Returns the maximum number of tokens of a text or pair for a call.
     *
     * @param set
     *            the call's own setting
     * @param otherwise
     *            the value for calls without a setting
     * @param min
     *            the smallest allowed value, for the message
     * @throws InputException
     *             if the value exceeds the model's limit
     */
    public int maxLength(OptionalInt set, int otherwise, int min) {
        int asked = set.orElse(otherwise);
        if (asked > maxLength()) {
            throw new InputException("maxLength: " + asked + " (expected: " + min + ".." + maxLength()
                    + ", the model's limit)");
        }
        return asked;
    }

    /** Returns the maximum number of tokens of a batch for a setting. */
    public int tokenBudget(OptionalInt set) {
        return Math.min(set.orElse(kernelTokenBudget), maxBatchTokens());
    }

    /** Returns how many batches are computed at a time. */
    public int slotCount() {
        return slots.slotCount();
    }

    /** Returns about how many tokens of texts or pairs to hold in memory at a time. */
    public long windowTokens(OptionalInt tokenBudget) {
        return (long) tokenBudget(tokenBudget)
                * Math.max(WINDOW_BUDGETS, WINDOW_BUDGETS_PER_SLOT * slots.slotCount());
    }

    /** Returns about how many tokens of a stream's texts to encode at a time. */
    public long windowTokens(OptionalInt tokenBudget, boolean vectorsOfEachToken) {
        long tokens = windowTokens(tokenBudget);
        return vectorsOfEachToken
                ? Math.min(tokens, Math.max(COLBERT_WINDOW_TOKENS, 2L * tokenBudget(tokenBudget)))
                : tokens;
    }

    /**
     * Encodes texts in batches of the token budget, the longest first, and returns the results in the order
     * of the texts.
     *
     * @param results
     *            converts a text's outputs to its result
     */
    public <T> List<T> encode(List<TokenizedText> texts, HeadSpec heads, BatchControl control,
            Function<TextOutputs, T> results) {
        List<T> answers = new ArrayList<>(Collections.nCopies(texts.size(), null));
        execute(texts, control, batch -> {
            IntFunction<TextOutputs> outputs = compute(
                    batch.texts().stream().map(text -> new EncodeWork(text, heads)).toList());
            for (int i = 0; i < batch.texts().size(); i++) {
                answers.set(batch.places().get(i), results.apply(outputs.apply(i)));
            }
        });
        return List.copyOf(answers);
    }

    private void execute(List<TokenizedText> texts, BatchControl control, Consumer<Batch> work) {
        BatchExecutor.run(Batch.cut(texts, tokenBudget(control.tokenBudget())), slots.slotCount(), control,
                work);
    }

    /**
     * Computes texts together, whatever outputs each has. Holds a slot only while it needs the device.
     *
     * @return a function that extracts the outputs of the text at an index, or throws if one is not finite
     */
    public IntFunction<TextOutputs> compute(List<EncodeWork> works) {
        SequencedMap<HeadSpec, List<Integer>> byHeads = new LinkedHashMap<>();
        for (int i = 0; i < works.size(); i++) {
            byHeads.computeIfAbsent(works.get(i).heads(), _ -> new ArrayList<>()).add(i);
        }
        List<Integer> order = byHeads.values().stream().flatMap(List::stream).toList();
        TokenBatch tokens = TokenBatch.of(order.stream().map(i -> works.get(i).text().tokenIds()).toList());
        List<HeadGroup> groups = byHeads.entrySet().stream()
                .map(entry -> new HeadGroup(entry.getKey(), entry.getValue().size())).toList();
        List<HeadOutputs> outputs = run(slot -> slot.device().run(slot.workspace(), tokens, groups));
        List<Supplier<TextOutputs>> texts = new ArrayList<>(Collections.nCopies(works.size(), null));
        int s = 0;
        for (int g = 0; g < groups.size(); g++) {
            HeadOutputs made = outputs.get(g);
            int firstText = s;
            int firstToken = tokens.cumulativeLengths()[s];
            for (; s < firstText + groups.get(g).textCount(); s++) {
                int text = s - firstText;
                int token = tokens.cumulativeLengths()[s] - firstToken;
                TokenizedText tokenized = works.get(order.get(s)).text();
                texts.set(order.get(s), () -> TextOutputs.of(tokenized, made, text, token));
            }
        }
        return i -> texts.get(i).get();
    }

    /**
     * Scores pairs with a cross-encoder in batches of the token budget, the longest first, and returns the
     * scores in the order of the pairs.
     */
    public float[] score(List<TokenizedText> pairs, BatchControl control) {
        float[] scores = new float[pairs.size()];
        execute(pairs, control, batch -> {
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
     * @return a function that returns the score of the pair at an index, or throws if it is not finite
     */
    public IntFunction<Float> score(List<TokenizedText> pairs) {
        TokenBatch tokens = TokenBatch.of(pairs.stream().map(TokenizedText::tokenIds).toList());
        float[] scores = run(slot -> slot.device().scores(slot.workspace(), tokens));
        return i -> {
            if (!Float.isFinite(scores[i])) {
                throw new NonFiniteOutputException(
                        pairs.get(i).name() + ": score: " + scores[i] + " (expected: a finite number)");
            }
            return scores[i];
        };
    }

    private <T> T run(Function<SlotPool.Slot, T> work) {
        try {
            return slots.run(work);
        } catch (InternalError fault) {
            throw shortenedFile(folder.folder(), fault);
        }
    }

    /**
     * Returns the exception for the error that Java throws if a mapped page has lost its file; rethrows any
     * other error.
     */
    private static ModelException shortenedFile(Path folder, InternalError fault) {
        if (!String.valueOf(fault.getMessage()).contains("unsafe memory access")) {
            throw fault;
        }
        return new ModelException(
                folder + ": a file of the model became shorter, or could not be read, while it "
                        + "was in use (expected: files that stay as they are)",
                fault);
    }

    /** Throws if the session is closed or has lost all devices. */
    public void requireUsable() {
        slots.requireUsable();
    }

    /** Synchronized because two threads must not close the folder's files at the same time. */
    @Override
    public synchronized void close() {
        try {
            slots.close();
        } finally {
            folder.close();
        }
    }
}
