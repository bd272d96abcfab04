package dev.bgem3.app.serve;

import dev.bgem3.BgeM3;
import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;

/** What stands between the routes and the model: the permits, and who computes. */
final class Engine implements AutoCloseable {
    /**
     * What came of some texts.
     *
     * @param embeddings
     *            in the texts' order
     * @param waiting
     *            for their turn
     * @param computing
     *            from the beginning of their first batch to the end of their last
     */
    record Computed(List<Embedding> embeddings, Duration waiting, Duration computing) {}

    private final BgeM3 model;
    private final Semaphore permits;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    Engine(BgeM3 model, int permits) {
        this.model = model;
        this.permits = new Semaphore(permits);
    }

    int freePermits() {
        return permits.availablePermits();
    }

    CompletableFuture<Computed> encode(List<int[]> tokenIds, EncodeOptions options) {
        if (!permits.tryAcquire(tokenIds.size())) {
            throw new RefusedException(Refusal.Kind.OVERLOADED, "Model is overloaded");
        }
        return CompletableFuture.supplyAsync(() -> {
            try {
                long start = System.nanoTime();
                List<Embedding> embeddings = model.encodeTokenIds(tokenIds, options);
                return new Computed(embeddings, Duration.ZERO, Duration.ofNanos(System.nanoTime() - start));
            } finally {
                permits.release(tokenIds.size());
            }
        }, threads);
    }

    @Override
    public void close() {
        threads.close();
    }
}
