package dev.bgem3;

import dev.bgem3.engine.BatchEngine;
import dev.bgem3.engine.BatchQueue;
import dev.bgem3.engine.EncodeWork;
import dev.bgem3.engine.HeadSpec;
import dev.bgem3.engine.QueueAnswer;
import dev.bgem3.engine.TextOutputs;
import dev.bgem3.engine.TextRole;
import dev.bgem3.engine.TextTokenizer;
import dev.bgem3.error.InputException;
import dev.bgem3.error.OutOfDeviceMemoryException;
import dev.bgem3.error.OverloadedException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.IntFunction;

/**
 * Many callers, one model: the texts of all wait in one queue and are computed in shared batches, as a server
 * needs it.
 *
 * {@snippet file="dev/bgem3/sample/QueueSamplesTest.java" region="encode"}
 *
 * <p>
 * A call needs a permit for each of its texts: it gets all or none, at once. It tokenizes in the caller's
 * thread, then returns a future. While a batch computes, the next is put together: first the text that has
 * waited longest, then in the order of arrival those for which the token budget has room, until it begins;
 * with several devices, one for each. Texts of which different outputs are asked share a batch, and each gets
 * the same bits as from {@link BgeM3#encode(List, EncodeOptions)} wherever those do not depend on the batch.
 * A text's permit returns when it is computed or withdrawn.
 *
 * <p>
 * What is wrong with a call is thrown by the call itself: what {@link BgeM3#encode(List, EncodeOptions)} says
 * of the options and texts before it computes, {@link OverloadedException} where permits lack, {@link
 * InputException} where there never are so many, {@link IllegalStateException} where the queue or the model
 * is closed. What goes wrong later completes the future exceptionally, with {@link
 * dev.bgem3.error.TimedOutException} where the queue's time-out has passed. A text that cannot be computed
 * fails the request that it belongs to and no other: the rest of its batch is computed again without it.
 *
 * <p>
 * To cancel the future, or to complete it in any other way, withdraws its texts: those that no batch has
 * begun leave the queue, and their permits are free at once. That of a future derived from it does not.
 * Dependent actions run in virtual threads and may take their time; where the system grants too few threads
 * for those, the queue's own run them.
 *
 * <p>
 * Thread-safe. For each batch that the model computes at a time the queue has two threads: one has batches
 * computed, the other takes their results apart. They sleep while there is nothing to do. The model may be
 * used beside the queue; it stays the caller's to close, after the queue.
 */
public final class EncodeQueue implements AutoCloseable {
    private final BgeM3 model;
    private final BatchQueue<EncodeWork, Embedding> queue;

    private EncodeQueue(BgeM3 model, QueueOptions options) {
        this.model = model;
        queue = new BatchQueue<>(new Engine(model), options.settings(model.session()));
    }

    /** A queue before a model, with 512 permits and no time-out. */
    public static EncodeQueue of(BgeM3 model) {
        return of(model, QueueOptions.defaults());
    }

    /**
     * A queue before a model.
     *
     * {@snippet file="dev/bgem3/sample/QueueSamplesTest.java" region="encode"}
     */
    public static EncodeQueue of(BgeM3 model, QueueOptions options) {
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(options, "options");
        return new EncodeQueue(model, options);
    }

    /** The outputs of one text. */
    public CompletableFuture<Embedding> encode(String text, EncodeOptions options) {
        return one(TextRole.TEXT, text, options);
    }

    /** As {@code encode}, with the query instruction. */
    public CompletableFuture<Embedding> encodeQuery(String query, EncodeOptions options) {
        Objects.requireNonNull(query, "query");
        return one(TextRole.QUERY, query, options);
    }

    /** As {@code encode}, with the passage instruction. */
    public CompletableFuture<Embedding> encodePassage(String passage, EncodeOptions options) {
        Objects.requireNonNull(passage, "passage");
        return one(TextRole.PASSAGE, passage, options);
    }

    private CompletableFuture<Embedding> one(TextRole role, String text, EncodeOptions options) {
        Objects.requireNonNull(text, "text");
        return submit(TextInput.Text.all(role, List.of(text)), options,
                answer -> answer.results().getFirst());
    }

    /** The outputs of some texts, in their order. */
    public CompletableFuture<QueueResult<Embedding>> encode(List<String> texts, EncodeOptions options) {
        return submit(TextRole.TEXT, texts, options);
    }

    /** As {@code encode}, with the query instruction. */
    public CompletableFuture<QueueResult<Embedding>> encodeQueries(List<String> queries,
            EncodeOptions options) {
        Objects.requireNonNull(queries, "queries");
        return submit(TextRole.QUERY, queries, options);
    }

    /** As {@code encode}, with the passage instruction. */
    public CompletableFuture<QueueResult<Embedding>> encodeCorpus(List<String> passages,
            EncodeOptions options) {
        Objects.requireNonNull(passages, "passages");
        return submit(TextRole.PASSAGE, passages, options);
    }

    /** The outputs of texts that are tokens already, as {@link BgeM3#encodeTokenIds} takes them. */
    public CompletableFuture<QueueResult<Embedding>> encodeTokenIds(List<int[]> tokenIds,
            EncodeOptions options) {
        Objects.requireNonNull(tokenIds, "tokenIds");
        List<int[]> own = new ArrayList<>(tokenIds);
        return submit(own.size(), options, tokenizer -> TextInput.Tokens.whole(own, tokenizer.maxTokenIds()),
                QueueResult::of);
    }

    /**
     * The outputs of plain texts, queries, passages and token ids, as {@link BgeM3#encodeInputs} takes them.
     * Those that {@link BgeM3#tokenize} has made into tokens are not tokenized again.
     */
    public CompletableFuture<QueueResult<Embedding>> encodeInputs(List<? extends TextInput> inputs,
            EncodeOptions options) {
        Objects.requireNonNull(inputs, "inputs");
        return submit(new ArrayList<>(inputs), options, QueueResult::of);
    }

    private CompletableFuture<QueueResult<Embedding>> submit(TextRole role, List<String> texts,
            EncodeOptions options) {
        Objects.requireNonNull(texts, "texts");
        return submit(TextInput.Text.all(role, texts), options, QueueResult::of);
    }

    private <A> CompletableFuture<A> submit(List<TextInput> inputs, EncodeOptions options,
            Function<QueueAnswer<Embedding>, A> answers) {
        return submit(inputs.size(), options, _ -> inputs, answers);
    }

    private <A> CompletableFuture<A> submit(int count, EncodeOptions options,
            Function<TextTokenizer, List<TextInput>> inputs, Function<QueueAnswer<Embedding>, A> answers) {
        Objects.requireNonNull(options, "options");
        return queue.submit(count, deadline -> {
            TextTokenizer tokenizer = model.textTokenizer(options);
            HeadSpec heads = model.heads(options);
            return TextInput.Tokens.all(inputs.apply(tokenizer), 0, tokenizer, deadline).stream()
                    .map(tokens -> new EncodeWork(tokens.tokenized(), heads)).toList();
        }, answers);
    }

    /** What it holds at this moment. */
    public QueueState state() {
        return QueueState.of(queue.state());
    }

    /**
     * Refuses new texts, answers those that it accepted, and returns then; closing again waits for that too.
     * To end sooner, cancel the futures.
     */
    @Override
    public void close() {
        queue.close();
    }

    private record Engine(BgeM3 model) implements BatchEngine<EncodeWork, Embedding> {
        @Override
        public int tokenCount(EncodeWork text) {
            return text.text().tokenIds().length;
        }

        @Override
        public IntFunction<Embedding> compute(List<EncodeWork> texts) {
            try {
                IntFunction<TextOutputs> outputs = model.session().compute(texts);
                return i -> model.embedding(outputs.apply(i));
            } catch (OutOfDeviceMemoryException e) {
                throw texts.size() > 1 ? e : texts.getFirst().text().outOfMemory(e);
            }
        }
    }
}
