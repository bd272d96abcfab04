package dev.bgem3.engine;

import dev.bgem3.engine.QueuedRequest.Text;
import dev.bgem3.error.BackendException;
import dev.bgem3.error.DeviceLostException;
import dev.bgem3.error.InputException;
import dev.bgem3.error.OverloadedException;
import dev.bgem3.error.TimedOutException;
import dev.bgem3.io.QuietLogger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.IntFunction;

/**
 * The queue between many callers and one model: takes permits, forms batches, computes them, and answers.
 *
 * <p>
 * Callers tokenize in their own threads, and so no more texts at a time than there are permits. Each slot of the model has one
 * thread of the queue that takes the next batch as soon as it has computed one. Results are taken apart and futures completed in
 * virtual threads, so that neither that nor a caller's own dependent action holds up the next batch.
 *
 * <p>
 * Whatever is thrown, by the model, a listener, a logger or for want of memory, the queue's threads go on, each text gives back its
 * permit once, and each future is completed. So what must not fail, between the taking of a batch and the completion of its
 * requests, either allocates nothing or is tried again.
 *
 * @param <W>
 *            a text as it is computed
 * @param <R>
 *            what becomes of it
 */
public final class BatchQueue<W, R> implements AutoCloseable {
    private static final QuietLogger LOGGER = QuietLogger.of("dev.bgem3");
    /** How long a thread of the queue pauses after a failure between two batches: no memory may be left at the moment. */
    private static final long PAUSE_NANOS = 10_000_000;

    /** Makes a call's texts into work, in the caller's thread. */
    @FunctionalInterface
    public interface Tokenizer<W> {
        /**
         * The works, one a text.
         *
         * @param deadline
         *            to be run now and then; throws once the call's time is up
         */
        List<W> tokenize(Runnable deadline);
    }

    /**
     * What a queue holds at one moment.
     *
     * @param waiting
     *            texts that no batch under way has taken
     * @param prepared
     *            those of them that the next batches would take if they began now
     * @param computing
     *            texts in batches under way
     * @param freePermits
     *            how many texts would be accepted now
     */
    public record State(int waiting, int prepared, int computing, int freePermits) {}

    private final BatchEngine<W, R> engine;
    private final int permits;
    /** Empty too where it is longer than the clock counts, some 292 years. */
    private final Optional<Duration> timeout;
    private final QueueSettings.Listener listener;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition came = lock.newCondition();
    private final Condition ended = lock.newCondition();
    private final BatchPlanner<Text<W, R>> line;
    /** Requests that were accepted and whose futures are not complete. */
    private final Set<QueuedRequest<W, R, ?>> open = new LinkedHashSet<>();
    private int freePermits;
    private int computing;
    private int threads;
    private long arrivals;
    private boolean closed;

    /** A queue at work. */
    public BatchQueue(BatchEngine<W, R> engine, QueueSettings settings) {
        this(engine, new BatchPlanner<>(settings.tokenBudget(), settings.slots()), settings);
    }

    /** As above, with an empty line of that kind. */
    BatchQueue(BatchEngine<W, R> engine, BatchPlanner<Text<W, R>> line, QueueSettings settings) {
        this.engine = engine;
        this.line = line;
        permits = settings.permits();
        freePermits = permits;
        timeout = settings.timeout().filter(BatchQueue::isCountable);
        listener = settings.listener();
        start(settings.slots());
    }

    private static boolean isCountable(Duration timeout) {
        return timeout.compareTo(Duration.ofNanos(Long.MAX_VALUE)) < 0;
    }

    private void start(int count) {
        boolean started = false;
        try {
            for (int i = 0; i < count; i++) {
                start(Thread.ofPlatform().daemon().name("bgem3-queue-" + (i + 1)).unstarted(this::work));
            }
            started = true;
        } catch (OutOfMemoryError noThread) { // "unable to create native thread"
            throw new BackendException(
                    "queue: " + count + " threads (expected: as many as the system grants: "
                            + noThread.getMessage() + ")",
                    noThread);
        } finally {
            if (!started) {
                close(); // Ends those that did start.
            }
        }
    }

    private void start(Thread thread) {
        count(1);
        boolean started = false;
        try {
            thread.start();
            started = true;
        } finally {
            if (!started) {
                count(-1);
            }
        }
    }

    private void count(int change) {
        lock.lock();
        threads += change;
        ended.signalAll();
        lock.unlock();
    }

    /**
     * Accepts some texts, all or none.
     *
     * @param count
     *            how many
     * @param tokenizer
     *            called once there are permits for them
     * @param answers
     *            makes of what is computed what the future is completed with
     * @param <A>
     *            what is answered
     * @throws IllegalStateException
     *             if this is closed
     * @throws OverloadedException
     *             if fewer permits are free
     * @throws InputException
     *             if so many never are
     */
    public <A> CompletableFuture<A> submit(int count, Tokenizer<W> tokenizer,
            Function<QueueAnswer<R>, A> answers) {
        long called = System.nanoTime();
        takePermits(count);
        QueuedRequest<W, R, A> request = null;
        boolean accepted = false;
        try {
            request = new QueuedRequest<>(called, count, answers);
            List<W> works;
            try {
                works = tokenizer.tokenize(() -> requireTime(called, count));
                requireTime(called, count);
            } catch (TimedOutException late) {
                return CompletableFuture.failedFuture(late);
            }
            request.tokenized(System.nanoTime());
            if (count == 0) {
                request.end(null);
                return CompletableFuture.completedFuture(request.result());
            }
            watch(request, called);
            enter(request, works);
            accepted = true;
            return request.future();
        } finally {
            if (!accepted) {
                withdraw(request, count);
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

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the queue is closed");
        }
    }

    private void requireTime(long called, int texts) {
        timeout.ifPresent(most -> {
            if (System.nanoTime() - called >= most.toNanos()) {
                throw late(most, texts, texts);
            }
        });
    }

    private static TimedOutException late(Duration most, int unanswered, int texts) {
        return new TimedOutException("timeout: " + most + " (expected: an answer; " + unanswered + " of "
                + texts + " texts were not computed)");
    }

    /** However the future is completed that is not this queue's doing (cancelled, say), its texts leave the line. */
    private void watch(QueuedRequest<W, R, ?> request, long called) {
        Optional<CompletableFuture<Void>> timer = timeout.map(most -> {
            CompletableFuture<Void> end = new CompletableFuture<>();
            end.thenRun(() -> dispatch(() -> timeOut(request, most)));
            return end.completeOnTimeout(null, most.toNanos() - (System.nanoTime() - called),
                    TimeUnit.NANOSECONDS);
        });
        request.future().whenComplete((_, _) -> {
            lock.lock();
            try {
                end(request, null);
                open.remove(request);
            } finally {
                lock.unlock();
            }
            timer.ifPresent(end -> end.cancel(false));
        });
    }

    private void enter(QueuedRequest<W, R, ?> request, List<W> works) {
        lock.lock();
        try {
            requireOpen();
            if (!request.isOver()) {
                open.add(request);
            }
            for (W work : works) {
                Text<W, R> text = request.addText(work, engine.tokenCount(work), arrivals++);
                if (!request.isOver()) { // It is, if its time was up before it came here.
                    line.add(text);
                } else if (text.release()) {
                    freePermits++;
                }
            }
            came.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Gives back the permits of a request that was not accepted, and takes its texts out. */
    private void withdraw(QueuedRequest<W, R, ?> request, int count) {
        if (request == null) {
            lock.lock();
            freePermits += count;
            lock.unlock();
            return;
        }
        lock.lock();
        try {
            end(request, null);
            open.remove(request);
            freePermits += request.heldPermits(); // Of texts that had not come into the line.
        } finally {
            lock.unlock();
        }
        request.future().cancel(false); // Ends its timer.
    }

    private void timeOut(QueuedRequest<W, R, ?> request, Duration most) {
        lock.lock();
        try {
            if (request.isOver()) {
                return;
            }
            end(request, late(most, request.unanswered(), request.textCount()));
        } finally {
            lock.unlock();
        }
        request.complete();
    }

    /**
     * Ends a request, with the lock held, if it is not over: its texts leave the line, and what is computed for it is dropped.
     */
    private void end(QueuedRequest<W, R, ?> request, Throwable why) {
        if (!request.isOver()) {
            request.end(why);
            for (int i = 0; i < request.texts().size(); i++) {
                Text<W, R> text = request.texts().get(i);
                if (line.remove(text) && text.release()) {
                    freePermits++;
                }
            }
        }
    }

    /** What each of the queue's threads does. */
    private void work() {
        try {
            while (true) {
                try {
                    List<Text<W, R>> batch = next();
                    if (batch.isEmpty()) {
                        return;
                    }
                    compute(batch);
                } catch (Throwable thrown) { // Callers wait: nothing may end this thread.
                    LOGGER.log(Level.WARNING, "a queue's thread goes on after a failure between two batches",
                            thrown);
                    LockSupport.parkNanos(PAUSE_NANOS);
                }
            }
        } finally {
            count(-1);
        }
    }

    /** Waits for a batch; empty if this is closed and none is left. If it throws, no text has left the line. */
    private List<Text<W, R>> next() {
        lock.lock();
        try {
            while (line.isEmpty() && !closed) {
                came.awaitUninterruptibly();
            }
            List<Text<W, R>> batch = line.take();
            long now = System.nanoTime();
            for (int i = 0; i < batch.size(); i++) {
                batch.get(i).request().begin(now);
            }
            computing += batch.size();
            return batch;
        } finally {
            lock.unlock();
        }
    }

    /** Computes a batch. If it fails, bisects it so that only the offending text fails. Throws nothing. */
    private void compute(List<Text<W, R>> batch) {
        try {
            long begin = System.nanoTime();
            IntFunction<R> results = engine.compute(batch.stream().map(Text::work).toList());
            long end = System.nanoTime();
            dispatch(() -> answer(batch, results, begin, end));
        } catch (IllegalStateException | DeviceLostException e) { // The model is closed or has no device: nothing helps.
            fail(batch, 0, batch.size(), e);
        } catch (Throwable thrown) { // Whatever it is, the callers must see it.
            if (batch.size() == 1) {
                fail(batch, 0, batch.size(), thrown);
            } else {
                LOGGER.log(Level.DEBUG, "a batch of {0} texts is halved: {1}", batch.size(), thrown);
                computeWanted(batch, 0, batch.size() / 2);
                computeWanted(batch, batch.size() / 2, batch.size());
            }
        }
    }

    /** Computes a part of a batch, without those texts that nobody asks for any more. Throws nothing. */
    private void computeWanted(List<Text<W, R>> batch, int from, int to) {
        try {
            List<Text<W, R>> wanted = new ArrayList<>();
            List<Text<W, R>> dropped = new ArrayList<>();
            for (Text<W, R> text : batch.subList(from, to)) {
                (text.request().isOver() ? dropped : wanted).add(text);
            }
            fail(dropped, 0, dropped.size(), null);
            if (!wanted.isEmpty()) {
                compute(wanted);
            }
        } catch (Throwable thrown) { // Before any was computed.
            fail(batch, from, to, thrown);
        }
    }

    /** Off the queue's own threads. Throws nothing. */
    private void answer(List<Text<W, R>> batch, IntFunction<R> results, long begin, long end) {
        try {
            Object[] made = new Object[batch.size()];
            Throwable[] failures = new Throwable[batch.size()];
            for (int i = 0; i < made.length; i++) {
                try {
                    made[i] = batch.get(i).request().isOver() ? null : results.apply(i);
                } catch (Throwable thrown) { // Whatever it is, the caller must see it.
                    failures[i] = thrown;
                }
            }
            settle(batch, made, failures);
        } catch (Throwable thrown) {
            fail(batch, 0, batch.size(), thrown);
        }
        try {
            listener.onBatch(batch.size(), batch.stream().mapToInt(Text::tokenCount).sum(),
                    batch.getFirst().waited(begin), Duration.ofNanos(end - begin));
        } catch (Throwable thrown) {
            LOGGER.log(Level.WARNING, "a queue's listener failed", thrown);
        }
    }

    /** Settles some of a batch's texts, each of which has failed with {@code why}, or belongs to a request that is over. */
    private void fail(List<Text<W, R>> batch, int from, int to, Throwable why) {
        lock.lock();
        try {
            for (int i = from; i < to; i++) {
                Text<W, R> text = batch.get(i);
                release(text);
                if (!text.request().isOver()) {
                    end(text.request(), why);
                    text.markLast();
                }
            }
        } finally {
            lock.unlock();
        }
        completeEnded(batch, from, to);
    }

    /** Gives back the permits of texts whose batch has ended, and completes the requests that this answers or fails. */
    private void settle(List<Text<W, R>> texts, Object[] results, Throwable[] failures) {
        lock.lock();
        try {
            for (int i = 0; i < texts.size(); i++) {
                QueuedRequest<W, R, ?> request = texts.get(i).request();
                release(texts.get(i));
                if (!request.isOver()
                        && (failures[i] != null || request.answer(texts.get(i), results[i]))) {
                    end(request, failures[i]);
                    texts.get(i).markLast();
                }
            }
        } finally {
            lock.unlock();
        }
        completeEnded(texts, 0, texts.size());
    }

    private void release(Text<W, R> text) {
        if (text.release()) {
            computing--;
            freePermits++;
        }
    }

    /** Each in a thread of its own, so that a caller's dependent action holds up no other's. */
    private static <W, R> void completeEnded(List<Text<W, R>> batch, int from, int to) {
        for (int i = from; i < to; i++) {
            if (batch.get(i).isLast()) {
                QueuedRequest<W, R, ?> request = batch.get(i).request();
                try {
                    dispatch(request::complete);
                } catch (Throwable _) { // No memory for as much as the task.
                    request.complete();
                }
            }
        }
    }

    /** Runs a task that throws nothing in a virtual thread, or in this one if there can be no other. */
    private static void dispatch(Runnable task) {
        try {
            Thread.startVirtualThread(task);
        } catch (Throwable _) {
            task.run();
        }
    }

    /** What it holds at this moment. */
    public State state() {
        lock.lock();
        try {
            return new State(line.size(), line.prepared().stream().mapToInt(Integer::intValue).sum(),
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
