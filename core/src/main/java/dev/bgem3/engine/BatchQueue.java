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
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.IntFunction;

/**
 * The queue between many callers and one model: takes permits, forms batches, computes them, and answers.
 *
 * <p>
 * Callers tokenize in their own threads, and so no more texts at a time than there are permits. For each slot
 * of the model the queue has a thread that takes the next batch as soon as it has computed one, and a thread
 * that takes results apart. Futures are completed in virtual threads, so that a caller's dependent action
 * holds up nobody else.
 *
 * <p>
 * Whatever is thrown, by the model, a listener, a logger or because no memory or thread is left, the queue's
 * threads go on, each text gives its permit back once, and each future is completed. So what must not fail,
 * between the taking of a batch and the completion of its requests, either allocates nothing or is tried
 * again.
 *
 * @param <W>
 *            a text as it is computed
 * @param <R>
 *            what becomes of it
 */
public final class BatchQueue<W, R> implements AutoCloseable {
    private static final QuietLogger LOGGER = QuietLogger.of("dev.bgem3");
    /** How long a thread pauses after an unexpected failure: there may be no memory at the moment. */
    private static final long PAUSE_NANOS = 10_000_000;
    /** How long a virtual thread may take to complete a future before one of the queue's own threads does. */
    private static final long COMPLETION_NANOS = 1_000_000_000;

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
    private final Condition cameOrClosed = lock.newCondition();
    private final Condition toAnswer = lock.newCondition();
    private final Condition threadEnded = lock.newCondition();
    private final BatchPlanner<Text<W, R>> planner;
    /** Requests that were accepted and whose futures are not complete. */
    private final Set<QueuedRequest<W, R, ?>> open = new LinkedHashSet<>();
    /** What the answering threads are to do next. */
    private final TaskList tasks = new TaskList();
    /** Requests whose futures virtual threads are to complete, the first first. */
    private final TaskList completing = new TaskList();
    private int freePermits;
    private int computing;
    private int computingThreads;
    private int answeringThreads;
    private long arrivals;
    /** No open request's time is up before; by {@link System#nanoTime()}. */
    private long nextDeadline = System.nanoTime();
    private boolean closed;

    /** A queue at work. */
    public BatchQueue(BatchEngine<W, R> engine, QueueSettings settings) {
        this(engine, new BatchPlanner<>(settings.tokenBudget(), settings.slots()), settings);
    }

    /** As above, with an empty planner. */
    BatchQueue(BatchEngine<W, R> engine, BatchPlanner<Text<W, R>> planner, QueueSettings settings) {
        this.engine = engine;
        this.planner = planner;
        permits = settings.permits();
        freePermits = permits;
        timeout = settings.timeout().filter(BatchQueue::isCountable);
        listener = settings.listener();
        start(settings.slots());
    }

    private static boolean isCountable(Duration timeout) {
        return timeout.compareTo(Duration.ofNanos(Long.MAX_VALUE)) < 0;
    }

    private void start(int slots) {
        boolean started = false;
        try {
            for (int i = 1; i <= slots; i++) {
                start("bgem3-answer-" + i, this::answerUntilClosed, 0, 1);
                start("bgem3-queue-" + i, this::computeUntilClosed, 1, 0);
            }
            started = true;
        } catch (OutOfMemoryError noThread) { // "unable to create native thread"
            throw new BackendException("queue: " + 2 * slots
                    + " threads (expected: as many as the system grants: " + noThread.getMessage() + ")",
                    noThread);
        } finally {
            if (!started) {
                close(); // Ends those that did start.
            }
        }
    }

    private void start(String name, Runnable work, int computers, int answerers) {
        Thread thread = Thread.ofPlatform().daemon().name(name).unstarted(work);
        countThreads(computers, answerers);
        boolean started = false;
        try {
            thread.start();
            started = true;
        } finally {
            if (!started) {
                countThreads(-computers, -answerers);
            }
        }
    }

    private void countThreads(int computers, int answerers) {
        lock.lock();
        computingThreads += computers;
        answeringThreads += answerers;
        threadEnded.signalAll();
        toAnswer.signalAll();
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
        boolean entering = false;
        try {
            QueuedRequest<W, R, A> request = new QueuedRequest<>(called, count, answers);
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
            watch(request);
            entering = true;
            enter(request, works); // Gives the permits back itself if it fails.
            return request.future();
        } finally {
            if (!entering) {
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
                throw new OverloadedException("overloaded: permits: " + permits + ", asked " + count
                        + ", free " + freePermits);
            }
            freePermits -= count;
        } finally {
            lock.unlock();
        }
    }

    private void returnPermits(int count) {
        lock.lock();
        freePermits += count;
        lock.unlock();
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the queue is closed");
        }
    }

    private void requireTime(long called, int texts) {
        if (timeout.isPresent() && System.nanoTime() - called >= timeout.get().toNanos()) {
            throw late(texts, texts);
        }
    }

    private TimedOutException late(int unanswered, int texts) {
        return new TimedOutException("timeout: " + timeout.orElseThrow() + " (expected: an answer; "
                + unanswered + " of " + texts + " texts were not computed)");
    }

    /** If the future is completed by somebody else (cancelled, for example), its texts leave the queue. */
    private void watch(QueuedRequest<W, R, ?> request) {
        request.future().whenComplete((_, _) -> {
            lock.lock();
            try {
                end(request, null);
                open.remove(request);
            } finally {
                lock.unlock();
            }
        });
    }

    /** Puts all texts of a request in the queue, or none and gives their permits back. */
    private void enter(QueuedRequest<W, R, ?> request, List<W> works) {
        lock.lock();
        boolean entered = false;
        try {
            requireOpen();
            open.add(request);
            for (W work : works) {
                planner.add(request.addText(work, engine.tokenCount(work), arrivals++));
            }
            cameOrClosed.signalAll();
            noteDeadline(request);
            entered = true;
        } finally {
            if (!entered) {
                int texts = request.texts().size();
                freePermits += request.textCount() - texts;
                end(request, null);
                for (int i = 0; i < texts; i++) { // One may not have come in.
                    freePermits += request.texts().get(i).release() ? 1 : 0;
                }
                open.remove(request);
            }
            lock.unlock();
        }
    }

    /**
     * Ends a request, with the lock held, if it is not over: its texts leave the queue, and what is computed
     * for it is dropped. Whether it was not over.
     */
    private boolean end(QueuedRequest<W, R, ?> request, Throwable why) {
        if (request.isOver()) {
            return false;
        }
        request.end(why);
        for (int i = 0; i < request.texts().size(); i++) {
            Text<W, R> text = request.texts().get(i);
            if (planner.remove(text) && text.release()) {
                freePermits++;
            }
        }
        return true;
    }

    /** Ends a request, with the lock held, and has its future completed. */
    private void endAndComplete(QueuedRequest<W, R, ?> request, Throwable why) {
        if (end(request, why)) {
            tasks.add(request);
            toAnswer.signalAll();
        }
    }

    /**
     * What each thread does that has batches computed. Callers wait: nothing may end it, not even what is
     * thrown while a failure is dealt with.
     */
    private void computeUntilClosed() {
        List<Text<W, R>> batch = null;
        Throwable failure = null;
        while (true) {
            try {
                if (failure != null) {
                    if (batch != null) {
                        fail(batch, 0, batch.size(), failure);
                        batch = null;
                    }
                    goOn(failure);
                    failure = null;
                }
                batch = next();
                if (batch.isEmpty()) {
                    countThreads(-1, 0);
                    return;
                }
                compute(batch);
                batch = null;
            } catch (Throwable thrown) {
                failure = thrown;
            }
        }
    }

    private static void goOn(Throwable thrown) {
        LOGGER.log(Level.WARNING, "a queue's thread goes on after an unexpected failure", thrown);
        LockSupport.parkNanos(PAUSE_NANOS);
    }

    /**
     * Waits for a batch; empty if this is closed and none is left. If it throws, no text has left the queue.
     */
    private List<Text<W, R>> next() {
        lock.lock();
        try {
            while (planner.isEmpty() && !closed) {
                cameOrClosed.awaitUninterruptibly();
            }
            List<Text<W, R>> batch = planner.take();
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

    /** Computes a batch. If it fails, bisects it so that only the offending text fails. */
    private void compute(List<Text<W, R>> batch) {
        Throwable failure;
        try {
            Answer answer = new Answer(batch); // Before the work, so that what is computed can be handed on.
            answer.begin = System.nanoTime();
            answer.results = engine.compute(batch.stream().map(Text::work).toList());
            answer.end = System.nanoTime();
            lock.lock();
            tasks.add(answer);
            toAnswer.signalAll();
            lock.unlock();
            return;
        } catch (IllegalStateException | DeviceLostException e) { // Closed, or no device: nothing helps.
            fail(batch, 0, batch.size(), e);
            return;
        } catch (Throwable thrown) { // Whatever it is, the callers must see it.
            failure = thrown;
        }
        if (batch.size() == 1) {
            fail(batch, 0, 1, failure);
        } else {
            logHalved(batch.size(), failure);
            computeWanted(batch, 0, batch.size() / 2);
            computeWanted(batch, batch.size() / 2, batch.size());
        }
    }

    private static void logHalved(int texts, Throwable why) {
        try {
            LOGGER.log(Level.DEBUG, "a batch of {0} texts is halved: {1}", texts, why);
        } catch (OutOfMemoryError _) {
            return; // There is no memory for the arguments.
        }
    }

    /** Computes a part of a batch, without those texts that nobody asks for any more. */
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

    /**
     * Settles some of a batch's texts: each has failed with {@code why}, or belongs to a request that is
     * over.
     */
    private void fail(List<Text<W, R>> batch, int from, int to, Throwable why) {
        lock.lock();
        try {
            for (int i = from; i < to; i++) {
                if (release(batch.get(i))) {
                    endAndComplete(batch.get(i).request(), why);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whether the text had not been settled before; gives its permit back then. */
    private boolean release(Text<W, R> text) {
        boolean released = text.release();
        if (released) {
            computing--;
            freePermits++;
        }
        return released;
    }

    /** A batch that is computed: its results are to be taken apart. */
    private final class Answer extends TaskList.Task {
        private final List<Text<W, R>> batch;
        private final Object[] made;
        private final Throwable[] failures;
        private IntFunction<R> results;
        private long begin;
        private long end;

        Answer(List<Text<W, R>> batch) {
            this.batch = batch;
            made = new Object[batch.size()];
            failures = new Throwable[batch.size()];
        }

        @Override
        void run() {
            for (int i = 0; i < made.length; i++) {
                try {
                    made[i] = batch.get(i).request().isOver() ? null : results.apply(i);
                } catch (Throwable thrown) { // Whatever it is, the caller must see it.
                    failures[i] = thrown;
                }
            }
            settle(batch, made, failures);
            if (listener != QueueSettings.Listener.NONE) {
                runApart(this::tell);
            }
        }

        private void tell() {
            try {
                listener.onBatch(batch.size(), batch.stream().mapToInt(Text::tokenCount).sum(),
                        batch.getFirst().waited(begin), Duration.ofNanos(end - begin));
            } catch (Throwable thrown) {
                LOGGER.log(Level.WARNING, "a queue's listener failed", thrown);
            }
        }
    }

    /**
     * Gives back the permits of texts whose batch has ended, and ends the requests that this answers or
     * fails.
     */
    private void settle(List<Text<W, R>> texts, Object[] results, Throwable[] failures) {
        lock.lock();
        try {
            for (int i = 0; i < texts.size(); i++) {
                QueuedRequest<W, R, ?> request = texts.get(i).request();
                if (release(texts.get(i)) && !request.isOver()
                        && (failures[i] != null || request.answer(texts.get(i), results[i]))) {
                    endAndComplete(request, failures[i]);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * What each answering thread does: takes results apart, has futures completed, and ends requests whose
     * time is up. A task that fails is done again, which does no harm.
     */
    private void answerUntilClosed() {
        TaskList.Task task = null;
        Throwable failure = null;
        while (true) {
            try {
                if (failure != null) {
                    goOn(failure);
                    failure = null;
                }
                if (task == null) {
                    task = nextTask();
                }
                if (task == null) {
                    countThreads(0, -1);
                    return;
                }
                if (task instanceof QueuedRequest<?, ?, ?> request && request.dispatch()) {
                    complete(request);
                } else {
                    task.run();
                }
                task = null;
            } catch (Throwable thrown) { // Callers wait: nothing may end this thread.
                failure = thrown;
            }
        }
    }

    /**
     * Has a future completed by a virtual thread. Where the system grants too few threads, virtual ones may
     * never run: then one of the answering threads completes it after a while.
     */
    private void complete(QueuedRequest<?, ?, ?> request) {
        lock.lock();
        completing.add(request);
        lock.unlock();
        runApart(request::run);
    }

    /** Runs what throws nothing and is done by others too if need be in a virtual thread. */
    private static void runApart(Runnable task) {
        try {
            Thread.startVirtualThread(task);
        } catch (Throwable _) { // It may have started all the same.
            return;
        }
    }

    /** Waits for something to do; null once this is closed and there will be nothing. */
    private TaskList.Task nextTask() {
        lock.lock();
        try {
            while (true) {
                long now = System.nanoTime();
                endLate(now);
                TaskList.Task task = tasks.poll();
                if (task == null) {
                    task = slowCompletion(now);
                }
                if (task != null) {
                    return task;
                }
                if (closed && computingThreads == 0 && completing.isEmpty()) {
                    return null;
                }
                awaitTask(now);
            }
        } finally {
            lock.unlock();
        }
    }

    private void awaitTask(long now) {
        long wait = timeout.isPresent() && !open.isEmpty() ? nextDeadline - now : Long.MAX_VALUE;
        try {
            toAnswer.awaitNanos(completing.isEmpty() ? wait : Math.min(wait, COMPLETION_NANOS));
        } catch (InterruptedException _) {
            return; // By a dependent action: these threads wait for tasks alone.
        }
    }

    private void noteDeadline(QueuedRequest<W, R, ?> request) {
        if (timeout.isPresent()) {
            long deadline = request.called() + timeout.get().toNanos();
            if (open.size() == 1 || deadline - nextDeadline < 0) {
                nextDeadline = deadline;
                toAnswer.signalAll();
            }
        }
    }

    /** Ends the requests whose time is up. */
    private void endLate(long now) {
        if (timeout.isEmpty() || open.isEmpty() || nextDeadline - now > 0) {
            return;
        }
        long limit = timeout.get().toNanos();
        long oldest = now; // Of those that stay.
        for (QueuedRequest<W, R, ?> request : open) {
            if (!request.isOver() && now - request.called() >= limit) {
                endAndComplete(request, late(request.unanswered(), request.textCount()));
            } else if (!request.isOver() && request.called() - oldest < 0) {
                oldest = request.called();
            }
        }
        nextDeadline = oldest + limit;
    }

    /** A request that no virtual thread has completed in time, or null; forgets those that are complete. */
    private TaskList.Task slowCompletion(long now) {
        while (!completing.isEmpty()) {
            QueuedRequest<?, ?, ?> request = (QueuedRequest<?, ?, ?>) completing.peek();
            boolean done = request.future().isDone();
            if (!done && now - request.ended() < COMPLETION_NANOS) {
                return null;
            }
            completing.poll();
            if (!done) {
                return request;
            }
        }
        return null;
    }

    /** What it holds at this moment. */
    public State state() {
        lock.lock();
        try {
            return new State(planner.size(), planner.prepared().stream().mapToInt(Integer::intValue).sum(),
                    computing, freePermits);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Refuses new texts, and returns when all that were accepted are answered; closing again waits for that
     * too.
     */
    @Override
    public void close() {
        CompletableFuture<?>[] left;
        lock.lock();
        try {
            closed = true;
            cameOrClosed.signalAll();
            toAnswer.signalAll();
            while (computingThreads > 0) {
                threadEnded.awaitUninterruptibly();
            }
            left = open.stream().map(QueuedRequest::future).toArray(CompletableFuture[]::new);
        } finally {
            lock.unlock();
        }
        CompletableFuture.allOf(left).handle((_, _) -> true).join(); // Failures are for those who asked.
        awaitAnsweringThreads();
    }

    /** Not for ever: this may be called by a dependent action, in one of them. */
    private void awaitAnsweringThreads() {
        boolean interrupted = false;
        long end = System.nanoTime() + COMPLETION_NANOS;
        lock.lock();
        try {
            toAnswer.signalAll(); // All futures are complete.
            for (long left = COMPLETION_NANOS; answeringThreads > 0 && left > 0;) {
                try {
                    threadEnded.awaitNanos(left);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
                left = end - System.nanoTime();
            }
        } finally {
            lock.unlock();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
