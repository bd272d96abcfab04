package dev.bgem3;

import dev.bgem3.engine.BatchEngine;
import dev.bgem3.engine.BatchQueue;
import dev.bgem3.engine.ModelSession;
import dev.bgem3.engine.PairTokenizer;
import dev.bgem3.engine.TokenizedText;
import dev.bgem3.error.OutOfDeviceMemoryException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntFunction;

/**
 * A queue in front of a reranker, which works like an {@link EncodeQueue}: what is documented there about
 * texts, permits, futures, failures and closing applies here to pairs.
 *
 * <p>
 * Thread-safe.
 *
 * {@snippet file="dev/bgem3/sample/QueueSamplesTest.java" region="rerank"}
 */
public final class RerankQueue implements AutoCloseable {
    private record Work(TokenizedText pair, int index, boolean normalize) {}

    private final Reranker model;
    private final BatchQueue<Work, RerankScore> queue;

    private RerankQueue(Reranker model, QueueOptions options) {
        this.model = model;
        queue = new BatchQueue<>(new Engine(model.session()), options.settings(model.session()));
    }

    /** Creates a queue in front of a reranker, with 512 permits and no time-out. */
    public static RerankQueue of(Reranker model) {
        return of(model, QueueOptions.defaults());
    }

    /**
     * Creates a queue in front of a reranker.
     *
     * {@snippet file="dev/bgem3/sample/QueueSamplesTest.java" region="rerank"}
     */
    public static RerankQueue of(Reranker model, QueueOptions options) {
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(options, "options");
        return new RerankQueue(model, options);
    }

    /**
     * Computes the scores of pairs in their order, with the same bits as {@link Reranker#score}.
     * {@link RerankScore#BEST_FIRST} sorts them.
     */
    public CompletableFuture<QueueResult<RerankScore>> score(List<TextPair> pairs, RerankOptions options) {
        Objects.requireNonNull(pairs, "pairs");
        Objects.requireNonNull(options, "options");
        List<TextPair> own = new ArrayList<>(pairs);
        return queue.submit(own.size(), deadline -> {
            PairTokenizer tokenizer = model.tokenizer(options);
            List<Work> works = new ArrayList<>(own.size());
            for (int i = 0; i < own.size(); i++) {
                deadline.run();
                works.add(
                        new Work(Reranker.tokens(tokenizer, i, own.get(i)), i, options.normalize()));
            }
            return works;
        }, QueueResult::of);
    }

    /** Returns the current state of the queue. */
    public QueueState state() {
        return QueueState.of(queue.state());
    }

    /**
     * Refuses new pairs, and returns once those that it accepted are answered; closing again waits for that
     * too.
     */
    @Override
    public void close() {
        queue.close();
    }

    private record Engine(ModelSession session) implements BatchEngine<Work, RerankScore> {
        @Override
        public int tokenCount(Work work) {
            return work.pair().tokenIds().length;
        }

        @Override
        public IntFunction<RerankScore> compute(List<Work> works) {
            try {
                IntFunction<Float> scores = session.score(works.stream().map(Work::pair).toList());
                return i -> {
                    Work work = works.get(i);
                    return RerankScore.of(work.index(), scores.apply(i), work.normalize(), work.pair());
                };
            } catch (OutOfDeviceMemoryException e) {
                throw works.size() > 1 ? e : works.getFirst().pair().outOfMemory(e);
            }
        }
    }
}
