package dev.bgem3;

import dev.bgem3.engine.BatchEngine;
import dev.bgem3.engine.BatchQueue;
import dev.bgem3.engine.EncodeWork;
import dev.bgem3.engine.HeadSpec;
import dev.bgem3.engine.QueueAnswer;
import dev.bgem3.engine.TextOutputs;
import dev.bgem3.engine.TextRole;
import dev.bgem3.engine.TextTokenizer;
import dev.bgem3.error.OutOfDeviceMemoryException;
import dev.bgem3.error.OverloadedException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.IntFunction;

/**
 * A queue in front of a model, for servers: texts of many callers wait in it and are computed in shared
 * batches.
 *
 * {@snippet file="dev/bgem3/sample/QueueSamplesTest.java" region="encode"}
 *
 * <p>
 * A call needs one free permit, which goes to its first text. It tokenizes in the caller's thread, then
 * returns a future. While a batch is computed, the next one is formed: first the text that has waited
 * longest, then, in the order of arrival, every text for which the token budget has room, until the batch
 * starts. With several devices, one batch is formed for each. Texts with different outputs share a batch, and
 * each gets the same bits as from {@link BgeM3#encode(List, EncodeOptions)} wherever those do not depend on
 * the batch. A text gives its permit back when it is computed or withdrawn.
 *
 * <p>
 * A call may have more texts than there are permits. Only a few of them wait in the queue at a time; the next
 * ones acquire permits and join the end of the queue while these are computed, and fill room that other
 * requests leave in a batch. So texts that arrive beside a large request are computed in one of the next
 * batches, and a quarter of the permits stays free for the first texts of other requests.
 *
 * <p>
 * The call itself throws if it is wrong: the exceptions of {@link BgeM3#encode(List, EncodeOptions)} for its
 * options and texts, {@link OverloadedException} if no permit is free, and {@link IllegalStateException} if
 * the queue or the model is closed. A later failure completes the future exceptionally, with
 * {@link dev.bgem3.error.TimedOutException} if the queue's time-out passes without a result. A text that
 * cannot be computed fails only the request that it belongs to: the rest of its batch is computed again
 * without it.
 *
 * <p>
 * Cancelling the future, or completing it in any other way, withdraws its texts: those that are not in a
 * running batch leave the queue, and their permits are free at once. Cancelling a future derived from it has
 * no such effect. Dependent actions run in virtual threads and may take their time; if the system grants too
 * few threads for those, the queue's own threads run them.
 *
 * <p>
 * Thread-safe. For each batch that the model computes at a time the queue has two threads: one submits
 * batches, the other distributes their results. They sleep while there is nothing to do. The model may be
 * used beside the queue; it stays the caller's to close, after the queue.
 */
public final class EncodeQueue implements AutoCloseable {
    private final BgeM3 model;
    private final BatchQueue<EncodeWork, Embedding> queue;

    private EncodeQueue(BgeM3 model, QueueOptions options) {
        this.model = model;
        queue = new BatchQueue<>(new Engine(model), options.settings(model.session()));
    }

    /** Creates a queue in front of a model, with 512 permits and no time-out. */
    public static EncodeQueue of(BgeM3 model) {
        return of(model, QueueOptions.defaults());
    }

    /**
     * Creates a queue in front of a model.
     *
     * {@snippet file="dev/bgem3/sample/QueueSamplesTest.java" region="encode"}
     */
    public static EncodeQueue of(BgeM3 model, QueueOptions options) {
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(options, "options");
        return new EncodeQueue(model, options);
    }

    /** Computes the outputs of a text. */
    public CompletableFuture<Embedding> encode(String text, EncodeOptions options) {
        return one(TextRole.TEXT, text, options);
    }

    /** Computes the outputs of a query, with the query instruction. */
    public CompletableFuture<Embedding> encodeQuery(String query, EncodeOptions options) {
        Objects.requireNonNull(query, "query");
        return one(TextRole.QUERY, query, options);
    }

    /** Computes the outputs of a passage, with the passage instruction. */
    public CompletableFuture<Embedding> encodePassage(String passage, EncodeOptions options) {
        Objects.requireNonNull(passage, "passage");
        return one(TextRole.PASSAGE, passage, options);
    }

    private CompletableFuture<Embedding> one(TextRole role, String text, EncodeOptions options) {
        Objects.requireNonNull(text, "text");
        return submit(TextInput.Text.all(role, List.of(text)), options,
                answer -> answer.results().getFirst());
    }

    /** Computes the outputs of texts, in the order of the texts. */
    public CompletableFuture<QueueResult<Embedding>> encode(List<String> texts, EncodeOptions options) {
        return submit(TextRole.TEXT, texts, options);
    }

    /** Computes the outputs of queries, with the query instruction. */
    public CompletableFuture<QueueResult<Embedding>> encodeQueries(List<String> queries,
            EncodeOptions options) {
        Objects.requireNonNull(queries, "queries");
        return submit(TextRole.QUERY, queries, options);
    }

    /** Computes the outputs of passages, with the passage instruction. */
    public CompletableFuture<QueueResult<Embedding>> encodeCorpus(List<String> passages,
            EncodeOptions options) {
        Objects.requireNonNull(passages, "passages");
        return submit(TextRole.PASSAGE, passages, options);
    }

    /** Computes the outputs of texts that are already tokenized, as {@link BgeM3#encodeTokenIds} does. */
    public CompletableFuture<QueueResult<Embedding>> encodeTokenIds(List<int[]> tokenIds,
            EncodeOptions options) {
        Objects.requireNonNull(tokenIds, "tokenIds");
        List<int[]> own = new ArrayList<>(tokenIds);
        return submit(own.size(), options, tokenizer -> TextInput.Tokens.whole(own, tokenizer.maxTokenIds()),
                QueueResult::of);
    }

    /**
     * Computes the outputs of plain texts, queries, passages and token ids, as {@link BgeM3#encodeInputs}
     * does. Results of {@link BgeM3#tokenize} are not tokenized again.
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

    /** Returns the current state of the queue. */
    public QueueState state() {
        return QueueState.of(queue.state());
    }

    /**
     * Refuses new texts, and returns once those that it accepted are answered; closing again waits for that
     * too. To finish sooner, cancel the futures.
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
