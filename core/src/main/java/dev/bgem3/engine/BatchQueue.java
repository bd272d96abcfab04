package dev.bgem3.engine;

import dev.bgem3.engine.QueuedRequest.Text;
import dev.bgem3.error.BackendException;
import dev.bgem3.error.DeviceLostException;
import dev.bgem3.error.OverloadedException;
import dev.bgem3.error.TimedOutException;
import dev.bgem3.io.QuietLogger;
import dev.bgem3.io.RepeatedFailure;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
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
 * The queue between many callers and one model: manages permits, forms batches, has them computed, and
 * answers the callers.
 *
 * <p>
 * Callers tokenize in their own threads, and no more calls at a time than there are permits. For each slot of
 * the model the queue has two threads: one takes the next batch as soon as it has computed one, the other
 * extracts results. Futures are completed in virtual threads, so that a caller's dependent action delays
 * nobody else.
 *
 * <p>
 * A text has a permit from when it enters the planner until it is computed. A request is accepted with one
 * permit, and only a small part of its texts stands in line, with the arrival of their own entering: when
 * they are taken, the next ones join the end of the line. Room that a batch has left is filled with further
 * texts when it is taken. So a large request uses whole batches but lets those that arrive meanwhile into the
 * next one, and cannot be overtaken without end.
 *
 * <p>
 * Whatever the model, a listener or a logger throws, and even without free memory or threads, the queue's
 * threads keep running, each text gives its permit back once, and each future is completed. Therefore the
 * steps that must not fail, from taking a batch to completing its requests, either allocate nothing or are
 * tried again.
 *
 * @param <W>
 *            a text to compute
 * @param <R>
 *            the result for a text
 */
public final class BatchQueue<W, R> implements AutoCloseable {
    private static final QuietLogger LOGGER = QuietLogger.of("dev.bgem3");
    /** How long a thread pauses after an unexpected failure, which may be a temporary lack of memory. */
    private static final long PAUSE_NANOS = 10_000_000;
    /** How long a virtual thread may take to complete a future before one of the queue's own threads does. */
    private static final long COMPLETION_NANOS = 1_000_000_000;
    /** A request's texts in line are an eighth of a batch, so that others have room in the next one. */
    private static final int LINE_SHARE = 8;
    /** A quarter of the permits are left for requests that have none. */
    private static final int RESERVED_SHARE = 4;

    /** Converts a call's texts to work, in the caller's thread. */
    @FunctionalInterface
    public interface Tokenizer<W> {
        /**
         * Returns the work, one element for each text.
         *
         * @param deadline
         *            should be run now and then; throws once the call has timed out
         */
        List<W> tokenize(Runnable deadline);
    }

    /**
     * A snapshot of a queue.
     *
     * @param waiting
     *            the number of texts that are not in a running batch
     * @param prepared
     *            how many of them have their place in the next batches; more texts of the same requests fill
     *            these when they begin
     * @param computing
     *            the number of texts in running batches
     * @param freePermits
     *            how many requests would be accepted now
     */
    public record State(int waiting, int prepared, int computing, int freePermits) {}

    private final BatchEngine<W, R> engine;
    private final int permits;
    /** Permits that are left for requests that have none. */
    private final int reservedPermits;
    /** The tokens of a request that stand in line, unless its next text alone has more. */
    private final int lineTokens;
    /** Also empty if it is longer than {@link System#nanoTime()} can count, some 292 years. */
    private final Optional<Duration> timeout;
    private final QueueSettings.Listener listener;
    private final RepeatedFailure failingListener = new RepeatedFailure(LOGGER, "a queue's listener failed");
    private final RepeatedFailure unexpectedFailure = new RepeatedFailure(LOGGER,
            "a queue's thread continues after an unexpected failure");

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrivedOrClosed = lock.newCondition();
    private final Condition taskChanged = lock.newCondition();
    private final Condition threadEnded = lock.newCondition();
    private final BatchPlanner<Text<W, R>> planner;
    /** Accepted requests whose futures are not complete. */
    private final Set<QueuedRequest<W, R, ?>> open = new LinkedHashSet<>();
    /** Requests with texts that have no permit yet; they take turns. */
    private final Deque<QueuedRequest<W, R, ?>> partlyEntered = new ArrayDeque<>();
    /** Tasks for the answering threads. */
    private final TaskList tasks = new TaskList();
    /** Requests whose futures virtual threads should complete, the oldest first. */
    private final TaskList completing = new TaskList();
    private int freePermits;
    private int computing;
    private int computingThreads;
    private int answeringThreads;
    private long arrivals;
    /** No open request times out before this {@link System#nanoTime()}. */
    private long nextDeadline = System.nanoTime();
    private boolean closed;

    /** Creates a queue and starts its threads. */
    public BatchQueue(BatchEngine<W, R> engine, QueueSettings settings) {
        this(engine, new BatchPlanner<>(settings.tokenBudget(), settings.slots()), settings);
    }

    /** Creates a queue with the given planner, which must be empty. */
    BatchQueue(BatchEngine<W, R> engine, BatchPlanner<Text<W, R>> planner, QueueSettings settings) {
        this.engine = engine;
        this.planner = planner;
        permits = settings.permits();
        freePermits = permits;
        reservedPermits = Math.ceilDiv(permits, RESERVED_SHARE);
        lineTokens = settings.tokenBudget() / LINE_SHARE;
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
                close(); // Ends the threads that did start.
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
        taskChanged.signalAll();
        lock.unlock();
    }

    /**
     * Accepts all texts of a call or none. It needs one permit at once, for its first text; the others get
     * theirs as room becomes free.
     *
     * @param count
     *            the number of texts
     * @param tokenizer
     *            called once the call has its permit
     * @param answers
     *            converts the results to the value of the future
     * @param <A>
     *            the type of the future's value
     * @throws IllegalStateException
     *             if this is closed
     * @throws OverloadedException
     *             if no permit is free
     */
    public <A> CompletableFuture<A> submit(int count, Tokenizer<W> tokenizer,
            Function<QueueAnswer<R>, A> answers) {
        long called = System.nanoTime();
        int taken = takePermit(count);
        boolean entering = false;
        try {
            QueuedRequest<W, R, A> request = new QueuedRequest<>(called, count, answers);
            try {
                for (W work : tokenizer.tokenize(() -> checkDeadline(called, count))) {
                    request.addText(work, engine.tokenCount(work));
                }
                checkDeadline(called, count);
            } catch (TimedOutException e) {
                return CompletableFuture.failedFuture(e);
            }
            request.tokenized(System.nanoTime());
            if (count == 0) {
                request.end(null);
                return CompletableFuture.completedFuture(request.result());
            }
            watch(request);
            entering = true;
            enter(request); // Gives the permit back itself if it fails.
            return request.future();
        } finally {
            if (!entering) {
                returnPermits(taken);
            }
        }
    }

    /** Takes a permit for the first text, if there is one; returns the number taken. */
    private int takePermit(int texts) {
        lock.lock();
        try {
            requireOpen();
            int wanted = Math.min(1, texts);
            if (wanted > freePermits) {
                throw new OverloadedException("overloaded: all " + permits + " permits are taken");
            }
            freePermits -= wanted;
            return wanted;
        } finally {
            lock.unlock();
        }
    }

    private void returnPermits(int count) {
        lock.lock();
        freePermits += count;
        joinLineOrRetry();
        lock.unlock();
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the queue is closed");
        }
    }

    private void checkDeadline(long called, int texts) {
        if (timeout.isPresent() && System.nanoTime() - called >= timeout.get().toNanos()) {
            throw timedOut(texts, texts);
        }
    }

    private TimedOutException timedOut(int unanswered, int texts) {
        return new TimedOutException("timeout: " + timeout.orElseThrow() + " (expected: an answer; "
                + unanswered + " of " + texts + " texts were not computed)");
    }

    /**
     * Removes a request's texts from the queue if its future is completed from outside, by cancelling it for
     * example.
     */
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

    /** Adds a request, whose call has a permit, or gives the permit back. */
    private void enter(QueuedRequest<W, R, ?> request) {
        lock.lock();
        boolean entered = false;
        try {
            freePermits++; // The first text takes it again.
            requireOpen();
            open.add(request);
            partlyEntered.addLast(request);
            enterNext(request);
            joinLine();
            noteDeadline(request);
            entered = true;
        } finally {
            if (!entered) {
                end(request, null);
                open.remove(request);
            }
            lock.unlock();
        }
    }

    /**
     * Gives the next text of a request a permit and adds it to the planner. If it throws, it has done
     * neither.
     */
    private void enterNext(QueuedRequest<W, R, ?> request) {
        Text<W, R> text = request.next();
        text.takePermit(arrivals++);
        freePermits--;
        boolean added = false;
        try {
            planner.add(text);
            added = true;
        } finally {
            if (!added) {
                planner.remove(text);
                freePermits += text.givePermitBack() ? 1 : 0;
            }
        }
        request.entered(text);
        if (request.hasEntered()) {
            partlyEntered.remove(request);
        }
        arrivedOrClosed.signalAll();
    }

    /**
     * Lets each request that has texts outside have some in line, in turns. Call it when a permit or a place
     * in the line has become free.
     */
    private void joinLine() {
        for (int i = partlyEntered.size(); i > 0 && freePermits > 0; i--) {
            QueuedRequest<W, R, ?> request = nextTurn();
            while (!request.hasEntered()
                    && freePermits > (request.permits() == 0 ? 0 : reservedPermits)
                    && (!request.isInLine()
                            || request.lineTokens() + request.next().tokenCount() <= lineTokens)) {
                enterNext(request);
            }
        }
    }

    /** Like {@link #joinLine}, where nothing may fail: a computing thread tries again. */
    private void joinLineOrRetry() {
        try {
            joinLine();
        } catch (Throwable _) { // There is no memory.
            arrivedOrClosed.signalAll();
        }
    }

    /** Fills the batch that is about to be taken, one text of each request in turn. */
    private void fillNextBatch() {
        int refused = 0;
        while (refused < partlyEntered.size() && freePermits > reservedPermits) {
            QueuedRequest<W, R, ?> request = nextTurn();
            if (planner.hasRoomFor(request.next().tokenCount())) {
                enterNext(request);
                refused = 0;
            } else {
                refused++;
            }
        }
    }

    /** Returns the request whose turn it is, and moves it to the end. Allocates no memory. */
    private QueuedRequest<W, R, ?> nextTurn() {
        QueuedRequest<W, R, ?> request = partlyEntered.removeFirst();
        partlyEntered.addLast(request);
        return request;
    }

    /**
     * Ends a request, with the lock held, unless it has already ended: removes its texts from the queue, so
     * that results that still arrive for it are dropped. Returns whether it had not ended.
     */
    private boolean end(QueuedRequest<W, R, ?> request, Throwable why) {
        if (request.isOver()) {
            return false;
        }
        request.end(why);
        for (int i = 0; i < request.texts().size(); i++) {
            Text<W, R> text = request.texts().get(i);
            if (planner.remove(text) && text.settle()) {
                freePermits += text.givePermitBack() ? 1 : 0;
            }
        }
        if (partlyEntered.remove(request)) {
            arrivedOrClosed.signalAll(); // A closed queue may have no text left.
        }
        joinLineOrRetry();
        return true;
    }

    /** Ends a request, with the lock held, and schedules the completion of its future. */
    private void endAndComplete(QueuedRequest<W, R, ?> request, Throwable why) {
        if (end(request, why)) {
            tasks.add(request);
            taskChanged.signalAll();
        }
    }

    /**
     * The loop of a computing thread. Since callers wait, nothing may end it, not even an exception while it
     * handles a failure.
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
                    logAndPause(failure);
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

    private void logAndPause(Throwable thrown) {
        unexpectedFailure.log(thrown);
        LockSupport.parkNanos(PAUSE_NANOS);
    }

    /**
     * Waits for a batch; returns an empty list if the queue is closed and no text is left. If it throws, no
     * text has left the queue.
     */
    private List<Text<W, R>> next() {
        lock.lock();
        try {
            joinLine();
            while (planner.isEmpty() && !(closed && partlyEntered.isEmpty())) {
                arrivedOrClosed.awaitUninterruptibly();
                joinLine();
            }
            fillNextBatch();
            List<Text<W, R>> batch = planner.take();
            long now = System.nanoTime();
            for (int i = 0; i < batch.size(); i++) {
                batch.get(i).request().begin(batch.get(i), now);
            }
            computing += batch.size();
            joinLineOrRetry();
            return batch;
        } finally {
            lock.unlock();
        }
    }

    /** Computes a batch. If it fails, bisects it so that only the offending text fails. */
    private void compute(List<Text<W, R>> batch) {
        Throwable failure;
        try {
            Answer answer = new Answer(batch); // Allocated first, so that results are not lost.
            answer.begin = System.nanoTime();
            answer.results = engine.compute(batch.stream().map(Text::work).toList());
            answer.end = System.nanoTime();
            lock.lock();
            for (int i = 0; i < batch.size(); i++) { // So that the next batch can be full.
                freePermits += batch.get(i).givePermitBack() ? 1 : 0;
            }
            tasks.add(answer);
            taskChanged.signalAll();
            joinLineOrRetry();
            lock.unlock();
            return;
        } catch (IllegalStateException | DeviceLostException e) { // Closed or no device: retrying is useless.
            fail(batch, 0, batch.size(), e);
            return;
        } catch (Throwable thrown) { // The callers must see any failure.
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

    /** Computes part of a batch, without the texts whose requests have ended. */
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
        } catch (Throwable thrown) { // Nothing was computed yet.
            fail(batch, from, to, thrown);
        }
    }

    /**
     * Settles some of a batch's texts, which have failed with {@code why} or belong to requests that have
     * ended.
     */
    private void fail(List<Text<W, R>> batch, int from, int to, Throwable why) {
        lock.lock();
        try {
            for (int i = from; i < to; i++) {
                if (release(batch.get(i))) {
                    endAndComplete(batch.get(i).request(), why);
                }
            }
            joinLineOrRetry();
        } finally {
            lock.unlock();
        }
    }

    /** Settles a text of a batch and gives its permit back; returns false if it has been settled before. */
    private boolean release(Text<W, R> text) {
        boolean released = text.settle();
        if (released) {
            computing--;
            freePermits += text.givePermitBack() ? 1 : 0;
        }
        return released;
    }

    /** A computed batch whose results must be extracted. */
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
                } catch (Throwable thrown) { // The caller must see any failure.
                    failures[i] = thrown;
                }
            }
            settle(batch, made, failures);
            if (listener != QueueSettings.Listener.NONE) {
                runInVirtualThread(this::notifyListener);
            }
        }

        private void notifyListener() {
            try {
                listener.onBatch(batch.size(), batch.stream().mapToInt(Text::tokenCount).sum(),
                        batch.getFirst().waited(begin), Duration.ofNanos(end - begin));
            } catch (Throwable thrown) {
                failingListener.log(thrown);
            }
        }
    }

    /**
     * Gives back the permits of a finished batch's texts, and ends the requests that are now complete or have
     * failed. Allocates no memory, except for texts that enter the planner afterwards; if there is none for
     * those, a computing thread lets them enter later.
     */
    void settle(List<Text<W, R>> texts, Object[] results, Throwable[] failures) {
        lock.lock();
        try {
            for (int i = 0; i < texts.size(); i++) {
                QueuedRequest<W, R, ?> request = texts.get(i).request();
                if (release(texts.get(i)) && !request.isOver()
                        && (failures[i] != null || request.answer(texts.get(i), results[i]))) {
                    endAndComplete(request, failures[i]);
                }
            }
            joinLineOrRetry();
        } finally {
            lock.unlock();
        }
    }

    /**
     * The loop of an answering thread: extracts results, has futures completed, and ends requests that have
     * timed out. A task that fails is run again, which is harmless.
     */
    private void answerUntilClosed() {
        TaskList.Task task = null;
        Throwable failure = null;
        while (true) {
            try {
                if (failure != null) {
                    logAndPause(failure);
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
     * Has a virtual thread complete a future. If the system grants too few threads, virtual ones may never
     * run; then one of the answering threads completes it after a while.
     */
    private void complete(QueuedRequest<?, ?, ?> request) {
        lock.lock();
        completing.add(request);
        lock.unlock();
        runInVirtualThread(request::run);
    }

    /** Runs a task that throws nothing and that may be run again by another thread. */
    private static void runInVirtualThread(Runnable task) {
        try {
            Thread.startVirtualThread(task);
        } catch (Throwable _) { // The thread may have started nevertheless.
            return;
        }
    }

    /** Waits for a task; returns null once the queue is closed and there will be no more. */
    private TaskList.Task nextTask() {
        lock.lock();
        try {
            while (true) {
                long now = System.nanoTime();
                endTimedOut(now);
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
            taskChanged.awaitNanos(completing.isEmpty() ? wait : Math.min(wait, COMPLETION_NANOS));
        } catch (InterruptedException _) {
            return; // A dependent action interrupted it; the caller looks for tasks again.
        }
    }

    private void noteDeadline(QueuedRequest<W, R, ?> request) {
        if (timeout.isPresent()) {
            long deadline = request.progressed() + timeout.get().toNanos();
            if (open.size() == 1 || deadline - nextDeadline < 0) {
                nextDeadline = deadline;
                taskChanged.signalAll();
            }
        }
    }

    /** Ends the requests that have timed out. */
    private void endTimedOut(long now) {
        if (timeout.isEmpty() || open.isEmpty() || nextDeadline - now > 0) {
            return;
        }
        long limit = timeout.get().toNanos();
        long oldest = now; // Among the requests that have not timed out.
        for (QueuedRequest<W, R, ?> request : open) {
            if (!request.isOver() && now - request.progressed() >= limit) {
                endAndComplete(request, timedOut(request.unanswered(), request.textCount()));
            } else if (!request.isOver() && request.progressed() - oldest < 0) {
                oldest = request.progressed();
            }
        }
        nextDeadline = oldest + limit;
    }

    /**
     * Returns a request that no virtual thread has completed in time, or null; removes those that are
     * complete.
     */
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

    /** Returns the current state of the queue. */
    public State state() {
        lock.lock();
        try {
            int outside = 0;
            for (QueuedRequest<W, R, ?> request : partlyEntered) {
                outside += request.notEntered();
            }
            return new State(planner.size() + outside,
                    planner.prepared().stream().mapToInt(Integer::intValue).sum(),
                    computing, freePermits);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Refuses new texts, and returns once all accepted ones are answered; closing again waits for that too.
     */
    @Override
    public void close() {
        CompletableFuture<?>[] left;
        lock.lock();
        try {
            closed = true;
            arrivedOrClosed.signalAll();
            taskChanged.signalAll();
            while (computingThreads > 0) {
                threadEnded.awaitUninterruptibly();
            }
            left = open.stream().map(QueuedRequest::future).toArray(CompletableFuture[]::new);
        } finally {
            lock.unlock();
        }
        CompletableFuture.allOf(left).handle((_, _) -> true).join(); // Their callers see the failures.
        awaitAnsweringThreads();
    }

    /** Waits only for a while, because a dependent action may call this in one of these threads. */
    private void awaitAnsweringThreads() {
        boolean interrupted = false;
        long end = System.nanoTime() + COMPLETION_NANOS;
        lock.lock();
        try {
            taskChanged.signalAll(); // All futures are complete.
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
