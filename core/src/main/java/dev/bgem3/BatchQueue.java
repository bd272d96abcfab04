package dev.bgem3;

import dev.bgem3.QueuedRequest.Text;
import dev.bgem3.error.BackendException;
import dev.bgem3.error.DeviceLostException;
import dev.bgem3.error.InputException;
import dev.bgem3.error.OverloadedException;
import dev.bgem3.error.TimedOutException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * The queue between many callers and one model: takes permits, forms batches, computes them, and answers.
 *
 * <p>
 * Callers tokenize in their own threads, and so no more texts at a time than there are permits. Each lane of the model has one
 * thread of the queue that takes the next batch as soon as it has computed one. Results are taken apart and futures completed in
 * virtual threads, so that neither that nor a caller's own dependent action holds up the next batch.
 */
final class BatchQueue<W, R> implements AutoCloseable {
    private static final Logger LOGGER = System.getLogger("dev.bgem3");

    private final BatchEngine<W, R> engine;
    private final int permits;
    private final Optional<Duration> timeout;
    private final QueueListener listener;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition came = lock.newCondition();
    private final Condition ended = lock.newCondition();
    private final WaitingLine<Text<W, R>> line;
    /** Requests that were accepted and whose futures are not complete. */
    private final Set<QueuedRequest<W, R>> open = new LinkedHashSet<>();
    private int freePermits;
    private int computing;
    private int threads;
    private long arrivals;
    private boolean closed;

    /**
     * A queue at work.
     *
     * @param lanes
     *            how many batches the model computes at a time
     * @param tokenBudget
     *            the most tokens of a batch of more than one text
     */
    BatchQueue(BatchEngine<W, R> engine, int lanes, int tokenBudget, QueueOptions options) {
        this.engine = engine;
        permits = options.permits();
        freePermits = permits;
        timeout = options.timeout();
        listener = options.listener();
        line = new WaitingLine<>(tokenBudget, lanes);
        start(lanes);
    }

    private void start(int lanes) {
        try {
            for (int i = 0; i < lanes; i++) {
                Thread thread = Thread.ofPlatform().daemon().name("bgem3-queue-" + (i + 1))
                        .unstarted(this::work);
                lock.lock();
                threads++;
                lock.unlock();
                thread.start();
            }
        } catch (OutOfMemoryError noThread) { // "unable to create native thread": those that run must not wait for ever.
            lock.lock();
            threads--;
            lock.unlock();
            close();
            throw new BackendException(
                    "queue: " + lanes + " threads (expected: as many as the system grants: "
                            + noThread.getMessage() + ")",
                    noThread);
        }
    }

    /**
     * Accepts some texts, all or none.
     *
     * @param count
     *            how many
     * @param tokenize
     *            makes them, in this thread; called once there are permits for them
     * @throws IllegalStateException
     *             if this is closed
     * @throws OverloadedException
     *             if fewer permits are free
     * @throws InputException
     *             if so many never are
     */
    CompletableFuture<QueueResult<R>> submit(int count, Supplier<List<W>> tokenize) {
        long called = System.nanoTime();
        takePermits(count);
        boolean accepted = false;
        try {
            List<W> works = tokenize.get();
            QueuedRequest<W, R> request = new QueuedRequest<>(called, System.nanoTime(), count);
            if (count == 0) {
                return CompletableFuture.completedFuture(request.result(System.nanoTime()));
            }
            enter(request, works);
            accepted = true;
            return watched(request);
        } finally {
            if (!accepted) {
                returnPermits(count);
            }
        }
    }

    private void takePermits(int count) {
        lock.lock();
        try {
            requireOpen();
            if (count > permits) {
                throw new InputException("texts: " + count + " (expected: at most " + permits
                        + " at a time, the queue's permits)");
            }
            if (count > freePermits) {
                throw new OverloadedException(
                        "overloaded: permits: " + permits + ", asked " + count + ", free "
                                + freePermits);
            }
            freePermits -= count;
        } finally {
            lock.unlock();
        }
    }

    private void returnPermits(int count) {
        lock.lock();
        try {
            freePermits += count;
        } finally {
            lock.unlock();
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the queue is closed");
        }
    }

    private void enter(QueuedRequest<W, R> request, List<W> works) {
        lock.lock();
        try {
            requireOpen();
            for (W work : works) {
                line.add(request.addText(work, engine.tokenCount(work), arrivals++));
            }
            open.add(request);
            came.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** However the future is completed that is not this queue's doing (cancelled, say), its texts leave the line. */
    private CompletableFuture<QueueResult<R>> watched(QueuedRequest<W, R> request) {
        Optional<CompletableFuture<Void>> timer = timeout.map(most -> {
            CompletableFuture<Void> end = new CompletableFuture<>();
            end.thenRun(() -> Thread.startVirtualThread(() -> timeOut(request, most)));
            return end.completeOnTimeout(null, most.toNanos(), TimeUnit.NANOSECONDS);
        });
        request.future().whenComplete((_, _) -> {
            timer.ifPresent(end -> end.cancel(false));
            lock.lock();
            try {
                end(request);
                open.remove(request);
            } finally {
                lock.unlock();
            }
        });
        return request.future();
    }

    private void timeOut(QueuedRequest<W, R> request, Duration most) {
        lock.lock();
        try {
            if (!end(request)) {
                return;
            }
        } finally {
            lock.unlock();
        }
        request.future().completeExceptionally(new TimedOutException("timeout: " + most
                + " (expected: an answer; " + request.unanswered() + " of " + request.texts().size()
                + " texts were not computed)"));
    }

    /**
     * Ends a request, with the lock held: its texts leave the line, what is computed for it is dropped. False where it is over
     * already.
     */
    private boolean end(QueuedRequest<W, R> request) {
        if (request.isOver()) {
            return false;
        }
        request.end();
        freePermits += line.removeAll(request.texts());
        return true;
    }

    /** What each of the queue's threads does. */
    private void work() {
        try {
            for (List<Text<W, R>> batch = next(); !batch.isEmpty(); batch = next()) {
                compute(batch);
            }
        } finally {
            lock.lock();
            threads--;
            ended.signalAll();
            lock.unlock();
        }
    }

    /** Waits for a batch; empty where this is closed and none is left. */
    private List<Text<W, R>> next() {
        lock.lock();
        try {
            while (line.isEmpty() && !closed) {
                came.awaitUninterruptibly();
            }
            List<Text<W, R>> batch = line.take();
            long now = System.nanoTime();
            batch.forEach(text -> text.request().begin(now));
            computing += batch.size();
            return batch;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Computes a batch. What befalls it as a whole may be the fault of one of its texts: its halves are computed by themselves.
     */
    private void compute(List<Text<W, R>> batch) {
        try {
            long begin = System.nanoTime();
            IntFunction<R> results = engine.compute(batch.stream().map(Text::work).toList());
            long end = System.nanoTime();
            Thread.startVirtualThread(() -> answer(batch, results, begin, end));
        } catch (IllegalStateException | DeviceLostException e) { // The model is closed or has no device: nothing helps.
            fail(batch, e);
        } catch (Throwable thrown) { // Whatever it is, the callers must see it, and this thread must go on.
            if (batch.size() == 1) {
                fail(batch, thrown);
            } else {
                LOGGER.log(Level.DEBUG, "a batch of {0} texts is halved: {1}", batch.size(), thrown);
                computeWanted(batch.subList(0, batch.size() / 2));
                computeWanted(batch.subList(batch.size() / 2, batch.size()));
            }
        }
    }

    private void computeWanted(List<Text<W, R>> texts) {
        Map<Boolean, List<Text<W, R>>> byOver = texts.stream()
                .collect(Collectors.partitioningBy(text -> text.request().isOver()));
        settle(byOver.get(true), _ -> Outcome.dropped());
        if (!byOver.get(false).isEmpty()) {
            compute(byOver.get(false));
        }
    }

    private void fail(List<Text<W, R>> batch, Throwable thrown) {
        settle(batch, _ -> new Outcome<>(null, thrown));
    }

    /** Off the queue's own threads. */
    private void answer(List<Text<W, R>> batch, IntFunction<R> results, long begin, long end) {
        List<Outcome<R>> outcomes = new ArrayList<>(batch.size());
        for (int i = 0; i < batch.size(); i++) {
            outcomes.add(batch.get(i).request().isOver() ? Outcome.dropped() : Outcome.of(results, i));
        }
        settle(batch, outcomes::get);
        try {
            listener.onBatch(batch.size(), batch.stream().mapToInt(Text::tokenCount).sum(),
                    batch.getFirst().waited(begin), Duration.ofNanos(end - begin));
        } catch (RuntimeException e) {
            LOGGER.log(Level.WARNING, "a queue's listener failed", e);
        }
    }

    /** What has become of a text: a result, a failure, or neither where nobody asks any more. */
    private record Outcome<R>(R result, Throwable failure) {
        static <R> Outcome<R> dropped() {
            return new Outcome<>(null, null);
        }

        static <R> Outcome<R> of(IntFunction<R> results, int i) {
            try {
                return new Outcome<>(results.apply(i), null);
            } catch (Throwable thrown) { // Whatever it is, the caller must see it.
                return new Outcome<>(null, thrown);
            }
        }
    }

    /** Gives back the permits of texts whose batch has ended, and completes the requests that this answers or fails. */
    private void settle(List<Text<W, R>> texts, IntFunction<Outcome<R>> outcomes) {
        List<Runnable> completions = new ArrayList<>();
        lock.lock();
        try {
            long now = System.nanoTime();
            computing -= texts.size();
            freePermits += texts.size();
            for (int i = 0; i < texts.size(); i++) {
                QueuedRequest<W, R> request = texts.get(i).request();
                Outcome<R> outcome = outcomes.apply(i);
                if (request.isOver()) {
                    continue;
                }
                if (outcome.failure() != null) {
                    end(request);
                    completions.add(() -> request.future().completeExceptionally(outcome.failure()));
                } else if (request.answer(texts.get(i), outcome.result())) {
                    end(request);
                    completions.add(() -> request.future().complete(request.result(now)));
                }
            }
        } finally {
            lock.unlock();
        }
        completions.forEach(Thread::startVirtualThread);
    }

    QueueState state() {
        lock.lock();
        try {
            return new QueueState(line.size(), line.prepared().stream().mapToInt(Integer::intValue).sum(),
                    computing, freePermits);
        } finally {
            lock.unlock();
        }
    }

    /** Refuses new texts, and returns when all that were accepted are answered; closing again waits for that too. */
    @Override
    public void close() {
        CompletableFuture<?>[] left;
        lock.lock();
        try {
            closed = true;
            came.signalAll();
            while (threads > 0) {
                ended.awaitUninterruptibly();
            }
            left = open.stream().map(QueuedRequest::future).toArray(CompletableFuture[]::new);
        } finally {
            lock.unlock();
        }
        CompletableFuture.allOf(left).handle((_, _) -> true).join(); // Failures are for those who asked.
    }
}
