package dev.bgem3.sample;

import dev.bgem3.BgeM3;
import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.EncodeQueue;
import dev.bgem3.LoadOptions;
import dev.bgem3.Output;
import dev.bgem3.PairScores;
import dev.bgem3.QueueOptions;
import dev.bgem3.QueueResult;
import dev.bgem3.QueueState;
import dev.bgem3.RunOptions;
import dev.bgem3.TextPair;
import dev.bgem3.error.BackendException;
import dev.bgem3.error.CancelledException;
import dev.bgem3.error.ModelException;
import dev.bgem3.error.OverloadedException;
import dev.bgem3.error.TimedOutException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Makes random calls from 16 threads (platform threads, virtual threads and those of a {@link ForkJoinPool};
 * platform threads alone where threads run out), in rounds. One model and one queue last throughout; others
 * of the same folder are loaded in each round, and closed under load. In two rounds of three another thread
 * uses up, now and then, the heap or the threads that the system grants this process. Prints {@code FAULT}
 * for what must not happen, a line for each round, and {@code ended}. Arguments: the model's folder, whose
 * embedding of one token of {@value #BAD_TEXT} is NaN; seconds; seed; {@code memory} or {@code threads}.
 */
public final class StressMain {
    /** No embedding can be made of it. */
    public static final String BAD_TEXT = "Q";
    private static final int THREADS = 16;
    private static final int PERMITS = 200;
    private static final int MAX_UNCHECKED = 1 << 14;
    private static final long ROUND_MILLIS = 15_000;
    private static final Duration TIMEOUT = Duration.ofMillis(300);
    private static final EncodeOptions ALL = EncodeOptions.of(Output.DENSE, Output.SPARSE, Output.COLBERT);
    /** Counted before they are printed, which takes memory. */
    private static final AtomicInteger FAULTS = new AtomicInteger();
    private static final AtomicInteger PRINTED = new AtomicInteger();
    private static final LongAdder LOGGED = new LongAdder();
    private static final LongAdder HEARD = new LongAdder();

    private final Path folder;
    private final long seed;
    /** What runs out: threads, or else memory. */
    private final boolean fewThreads;
    private final List<String> texts;
    private final Map<String, Integer> digests = new HashMap<>();
    private final Map<TextPair, PairScores> scores = new ConcurrentHashMap<>();
    private final Queue<CompletableFuture<?>> futures = new ConcurrentLinkedQueue<>();
    private final LongAdder calls = new LongAdder();
    private final LongAdder failures = new LongAdder();
    private final LongAdder outOfMemory = new LongAdder();
    private volatile boolean closing;
    private volatile boolean inShortage;

    /** What is called. */
    private static final class Target {
        private final BgeM3 model;
        private final EncodeQueue queue;
        private final boolean isLasting;
        /** What there was no memory to judge when it was thrown. */
        private final Throwable[] unchecked = new Throwable[MAX_UNCHECKED];
        private final AtomicInteger uncheckedCount = new AtomicInteger();

        Target(BgeM3 model, boolean isLasting) {
            this.model = model;
            this.isLasting = isLasting;
            queue = EncodeQueue.of(model, QueueOptions.builder().permits(PERMITS).timeout(TIMEOUT)
                    .listener((texts, _, _, _) -> {
                        if (texts % 5 == 0) {
                            HEARD.increment();
                            throw new StackOverflowError("a listener, on purpose");
                        }
                    }).build());
        }

        /** Allocates nothing. */
        void keep(Throwable thrown) {
            int place = uncheckedCount.getAndIncrement();
            if (place < MAX_UNCHECKED) {
                unchecked[place] = thrown;
            }
        }
    }

    /** What a model or a queue that is not closed has of the system. */
    private record Held(List<String> threads, List<String> mappings) {
        static Held now(Path folder) throws IOException {
            return new Held(Thread.getAllStackTraces().keySet().stream().map(Thread::getName)
                    .filter(name -> name.startsWith("bgem3")).sorted().toList(),
                    Files.readAllLines(Path.of("/proc/self/maps")).stream()
                            .filter(line -> line.contains(folder.toString())).sorted().toList());
        }
    }

    private StressMain(Path folder, long seed, boolean fewThreads) {
        this.folder = folder;
        this.seed = seed;
        this.fewThreads = fewThreads;
        Random random = new Random(seed);
        texts = IntStream.range(0, 40).mapToObj(_ -> "word ".repeat(random.nextInt(30))
                + Long.toString(random.nextLong(), 36)).toList();
    }

    /** Runs it. */
    public static void main(String[] arguments) throws Exception {
        StressMain stress = new StressMain(Path.of(arguments[0]), Long.parseLong(arguments[2]),
                switch (arguments[3]) {
                    case "memory" -> false;
                    case "threads" -> true;
                    default -> throw new IllegalArgumentException(arguments[3]);
                });
        logToAThrowingHandler();
        stress.run(System.nanoTime() + TimeUnit.SECONDS.toNanos(Long.parseLong(arguments[1])));
        System.out.println("ended");
    }

    private static void logToAThrowingHandler() {
        Logger logger = Logger.getLogger("dev.bgem3");
        logger.setUseParentHandlers(false);
        logger.setLevel(Level.ALL);
        logger.addHandler(new Handler() {
            @Override
            public void publish(LogRecord entry) {
                LOGGED.increment();
                throw new IllegalStateException("a handler, on purpose");
            }

            @Override
            public void flush() {
                // Nothing is kept.
            }

            @Override
            public void close() {
                // As flush.
            }
        });
    }

    /** Counts first: it is a fault whether there is memory to say so or not. */
    private static void fault(String what, Object detail, Throwable thrown) {
        FAULTS.incrementAndGet();
        System.out.println("FAULT " + what + ": " + detail);
        thrown.printStackTrace();
        PRINTED.incrementAndGet();
    }

    private static void fault(String what, Object detail) {
        FAULTS.incrementAndGet();
        System.out.println("FAULT " + what + ": " + detail);
        new AssertionError().printStackTrace();
        PRINTED.incrementAndGet();
    }

    private void run(long end) throws Exception {
        Held nothing = Held.now(folder);
        Target lasting = load(2, true);
        Held held = Held.now(folder);
        for (int round = 0; round == 0 || System.nanoTime() < end; round++) {
            round(round, lasting, held);
        }
        checkIdle(lasting);
        lasting.queue.close();
        lasting.model.close();
        checkHeld(nothing);
        if (LOGGED.sum() == 0 || HEARD.sum() == 0) {
            fault("not called", LOGGED + " times a handler, " + HEARD + " times a listener that throws");
        }
    }

    private Target load(int threads, boolean isLasting) {
        Target target = new Target(BgeM3.load(folder, LoadOptions.builder().threads(threads).build()),
                isLasting);
        for (String text : texts) {
            int digest = digest(target.model.encode(text, ALL));
            if (digests.putIfAbsent(text, digest) instanceof Integer before && before != digest) {
                fault("other bits in a new round", text);
            }
        }
        return target;
    }

    private void round(int round, Target lasting, Held held) throws Exception {
        closing = false;
        inShortage = round % 3 > 0;
        Target reloaded = load(1 + round % 3, false);
        Queue<Thread> callers = new ConcurrentLinkedQueue<>();
        List<Future<?>> ends = new ArrayList<>();
        try (ForkJoinPool pool = new ForkJoinPool(THREADS / 3);
                ExecutorService platform = Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory());
                ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor()) {
            // A ForkJoinPool, which runs virtual threads too, may hang once a thread cannot be started.
            List<ExecutorService> kinds = fewThreads ? List.of(platform) : List.of(platform, virtual, pool);
            for (int i = 0; i < THREADS; i++) {
                Random random = new Random(seed + 31L * round + i);
                ends.add(kinds.get(i % kinds.size()).submit(() -> {
                    callers.add(Thread.currentThread());
                    callUntilClosed(lasting, reloaded, random);
                }));
            }
            disturb(callers);
            closing = true;
            if (round % 2 == 0) {
                reloaded.queue.close();
                reloaded.model.close();
            } else {
                reloaded.model.close(); // Under the queue, whose requests fail.
                reloaded.queue.close();
            }
            for (Future<?> end : ends) {
                try {
                    end.get(60, TimeUnit.SECONDS);
                } catch (TimeoutException e) {
                    fault("a caller does not end", callers.stream()
                            .map(caller -> caller + " at " + Arrays.toString(caller.getStackTrace()))
                            .toList());
                    Runtime.getRuntime().halt(1); // The pools wait for it.
                }
            }
        }
        checkLater(lasting);
        checkLater(reloaded);
        checkFutures();
        checkIdle(reloaded);
        checkIdle(lasting);
        checkHeld(held);
        if (PRINTED.get() < FAULTS.get()) {
            System.out.println(
                    "FAULT " + (FAULTS.get() - PRINTED.get()) + " more, with no memory to say which");
        }
        System.out.println("round " + round + ": " + calls.sumThenReset() + " calls, "
                + failures.sumThenReset() + " failed as they should, " + outOfMemory.sumThenReset()
                + " out of memory or threads");
    }

    /** Interrupts callers, and causes a shortage if the round says so. */
    private void disturb(Queue<Thread> callers) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ROUND_MILLIS);
        while (System.nanoTime() < end) {
            callers.stream().skip(ThreadLocalRandom.current().nextInt(THREADS)).findFirst()
                    .ifPresent(Thread::interrupt);
            if (inShortage && fewThreads) {
                useUpThreads();
            } else if (inShortage) {
                useUpMemory();
            }
            Thread.sleep(50);
        }
    }

    private static void useUpMemory() {
        List<byte[]> ballast = new ArrayList<>();
        try {
            while (true) {
                ballast.add(new byte[1 << 18]);
            }
        } catch (OutOfMemoryError full) {
            try {
                Thread.sleep(2);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            ballast.clear();
        }
    }

    private static void useUpThreads() {
        CountDownLatch end = new CountDownLatch(1);
        List<Thread> fillers = new ArrayList<>();
        try {
            while (true) {
                fillers.add(Thread.ofPlatform().name("filler").start(() -> await(end)));
            }
        } catch (OutOfMemoryError full) { // "unable to create native thread"
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            end.countDown();
        }
        fillers.forEach(StressMain::join);
    }

    private static void await(CountDownLatch end) {
        try {
            end.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void checkFutures() throws InterruptedException {
        int incomplete = 0;
        for (CompletableFuture<?> future = futures.poll(); future != null; future = futures.poll()) {
            for (int wait = 0; !future.isDone() && wait < 500; wait++) {
                Thread.sleep(10);
            }
            incomplete += future.isDone() ? 0 : 1;
        }
        if (incomplete > 0) {
            fault("futures are not complete", incomplete);
        }
    }

    /** A lasting queue may take a moment to notice what was cancelled. */
    private static void checkIdle(Target target) throws InterruptedException {
        QueueState state = target.queue.state();
        for (int wait = 0; wait < 500 && !isIdle(state); wait++) {
            Thread.sleep(10);
            state = target.queue.state();
        }
        if (!isIdle(state)) {
            fault("left in the queue", state);
        }
    }

    private static boolean isIdle(QueueState state) {
        return state.freePermits() == PERMITS && state.waiting() == 0 && state.computing() == 0;
    }

    private void checkHeld(Held expected) throws IOException {
        Held found = Held.now(folder);
        // Threads of streams that nobody closed end within a second of their collection.
        for (int i = 0; i < 100 && !found.threads.equals(expected.threads); i++) {
            System.gc();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
            found = Held.now(folder);
        }
        if (!found.threads.equals(expected.threads)) {
            fault("threads", found.threads + ", not " + expected.threads);
        }
        if (!found.mappings.equals(expected.mappings)) {
            fault("mappings", found.mappings + ", not " + expected.mappings);
        }
    }

    private void callUntilClosed(Target lasting, Target reloaded, Random random) {
        while (!closing) {
            Target target = random.nextBoolean() ? lasting : reloaded;
            try {
                calls.increment();
                call(target.model, target.queue, random);
            } catch (Throwable thrown) {
                try {
                    check(target, thrown);
                } catch (OutOfMemoryError full) {
                    target.keep(thrown);
                }
            }
            Thread.interrupted();
        }
    }

    private void checkLater(Target target) {
        int count = target.uncheckedCount.getAndSet(0);
        for (int i = 0; i < Math.min(count, MAX_UNCHECKED); i++) {
            check(target, target.unchecked[i]);
            target.unchecked[i] = null;
        }
        if (count > MAX_UNCHECKED) {
            fault("more failures than can be kept", count);
        }
    }

    private void check(Target target, Throwable thrown) {
        Throwable cause = thrown;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (inShortage && (cause instanceof OutOfMemoryError || cause instanceof BackendException lack
                && lack.getMessage().contains("as many as the system grants"))) {
            outOfMemory.increment();
            return;
        }
        boolean expected = switch (cause) {
            case OverloadedException _ -> true;
            case TimedOutException _ -> true;
            case CancelledException _ -> true;
            case CancellationException _ -> true;
            case UnsupportedOperationException e -> "a callback, on purpose".equals(e.getMessage());
            case ModelException e -> e.getMessage().contains("embeddings");
            case IllegalStateException e ->
                closing && !target.isLasting && String.valueOf(e.getMessage()).contains("closed");
            default -> false;
        };
        if (expected) {
            failures.increment();
        } else {
            fault("unexpected", thrown, thrown);
        }
    }

    private List<String> some(Random random) {
        return random.ints(1 + random.nextInt(6), 0, texts.size()).mapToObj(texts::get).toList();
    }

    private void call(BgeM3 model, EncodeQueue queue, Random random) {
        List<String> some = some(random);
        switch (random.nextInt(15)) {
            case 0 -> compare(some, model.encode(some, ALL));
            case 1 -> {
                Stream<String> source = Stream.of(1, 2).flatMap(_ -> Stream.generate(() -> some.getFirst()));
                compare(List.of(some.getFirst(), some.getFirst()),
                        model.encode(source.limit(1 + random.nextInt(50) + 1), ALL).limit(2).toList());
            }
            case 2 -> {
                Stream<Embedding> results = model.encode(
                        Stream.generate(some::getFirst).limit(1 + random.nextInt(500)), ALL,
                        RunOptions.builder().tokenBudget(16).build());
                compare(some.subList(0, 1), List.of(results.iterator().next()));
                switch (random.nextInt(3)) {
                    case 0 -> results.close();
                    case 1 -> Thread.ofVirtual().start(results::close);
                    default -> {
                        // The results become unreachable: that ends the thread that reads the texts, too.
                    }
                }
            }
            case 3 -> queue(queue, some).cancel(random.nextBoolean());
            case 4 -> {
                CompletableFuture<QueueResult<Embedding>> future = queue(queue, some);
                future.completeExceptionally(new CancellationException("by the caller"));
            }
            case 5 -> {
                Thread.currentThread().interrupt();
                compare(some, model.encode(some, ALL));
            }
            case 6 -> model.encode(some, ALL, RunOptions.builder().progress((_, _) -> {
                throw new UnsupportedOperationException("a callback, on purpose");
            }).build());
            case 7 -> model.encode(some, ALL, RunOptions.builder().tokenBudget(1)
                    .cancelled(() -> random.nextInt(3) == 0).build());
            case 8 -> {
                TextPair pair = new TextPair(some.getFirst(), some.getLast());
                PairScores found = model.computeScore(pair);
                PairScores before = scores.putIfAbsent(pair, found);
                if (before != null && !before.equals(found)) {
                    fault("scores", found + ", not " + before);
                }
            }
            case 9 -> {
                List<String> withBad = new ArrayList<>(some);
                withBad.add(random.nextInt(withBad.size() + 1), BAD_TEXT);
                queue(queue, withBad).join();
                fault("a result of a bad text", withBad);
            }
            case 10 -> compare(some, queue(queue, some)
                    .whenComplete((_, _) -> queue(queue, some)).join().results());
            case 11 -> queue(queue, some).whenComplete((_, _) -> {
                throw new UnsupportedOperationException("a callback, on purpose");
            }).join();
            case 12 -> compare(some, some.parallelStream().map(text -> model.encode(text, ALL)).toList());
            default -> compare(some, queue(queue, some).join().results());
        }
    }

    private CompletableFuture<QueueResult<Embedding>> queue(EncodeQueue queue, List<String> some) {
        CompletableFuture<QueueResult<Embedding>> future = queue.encode(some, ALL);
        // Without its result, which the small heap has no room for.
        futures.add(future.handle((_, _) -> true));
        if (futures.size() > 200) { // Few are incomplete at a time.
            futures.removeIf(CompletableFuture::isDone);
        }
        return future;
    }

    private void compare(List<String> expected, List<Embedding> found) {
        if (expected.size() != found.size()) {
            fault("another number of results than of texts", expected);
            return;
        }
        for (int i = 0; i < found.size(); i++) {
            if (digest(found.get(i)) != digests.get(expected.get(i))) {
                fault("other bits", expected.get(i));
            }
        }
    }

    private static int digest(Embedding embedding) {
        return 31 * (31 * Arrays.hashCode(embedding.dense().values())
                + embedding.lexicalWeights().asMap().hashCode())
                + Arrays.hashCode(embedding.colbert().values());
    }
}
