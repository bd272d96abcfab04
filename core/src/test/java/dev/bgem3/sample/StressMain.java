package dev.bgem3.sample;

import dev.bgem3.BgeM3;
import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.EncodeQueue;
import dev.bgem3.LoadOptions;
import dev.bgem3.Output;
import dev.bgem3.QueueOptions;
import dev.bgem3.QueueResult;
import dev.bgem3.RunOptions;
import dev.bgem3.TextPair;
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
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Random calls from 16 threads on one model and one queue, in rounds: each loads them, and closes them under
 * load. In two rounds of three another thread uses up the heap now and then. Prints {@code FAULT} for what
 * must not be, a line a round, and {@code ended}. Arguments: the model's folder, whose embedding of one token
 * of {@value #BAD_TEXT} is NaN; seconds; seed.
 */
public final class StressMain {
    /** No embedding can be made of it. */
    public static final String BAD_TEXT = "Q";
    private static final int THREADS = 16;
    private static final int PERMITS = 200;
    private static final long ROUND_MILLIS = 15_000;
    private static final Duration TIMEOUT = Duration.ofMillis(300);
    private static final EncodeOptions ALL = EncodeOptions.of(Output.DENSE, Output.SPARSE, Output.COLBERT);

    private final Path folder;
    private final long seed;
    private final List<String> texts;
    private final Map<String, Integer> digests = new HashMap<>();
    private final Queue<CompletableFuture<?>> futures = new ConcurrentLinkedQueue<>();
    private final LongAdder calls = new LongAdder();
    private final LongAdder failures = new LongAdder();
    private final LongAdder outOfMemory = new LongAdder();
    private volatile boolean closing;

    private StressMain(Path folder, long seed) {
        this.folder = folder;
        this.seed = seed;
        Random random = new Random(seed);
        texts = IntStream.range(0, 40).mapToObj(_ -> "word ".repeat(random.nextInt(30))
                + Long.toString(random.nextLong(), 36)).toList();
    }

    /** Runs it. */
    public static void main(String[] arguments) throws Exception {
        StressMain stress = new StressMain(Path.of(arguments[0]), Long.parseLong(arguments[2]));
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(Long.parseLong(arguments[1]));
        logToAThrowingHandler();
        for (int round = 0; round == 0 || System.nanoTime() < end; round++) {
            stress.round(round);
        }
        System.out.println("ended");
    }

    private static void logToAThrowingHandler() {
        Logger logger = Logger.getLogger("dev.bgem3");
        logger.setUseParentHandlers(false);
        logger.setLevel(Level.ALL);
        logger.addHandler(new Handler() {
            @Override
            public void publish(LogRecord entry) {
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

    private static void fault(String what, Throwable thrown) {
        System.out.println("FAULT " + what + ": " + thrown);
        thrown.printStackTrace();
    }

    private static void fault(String what) {
        fault(what, new AssertionError());
    }

    private void round(int round) throws Exception {
        closing = false;
        boolean memoryEnds = round % 3 > 0;
        BgeM3 model = BgeM3.load(folder, LoadOptions.builder().threads(1 + round % 3).build());
        EncodeQueue queue = EncodeQueue.of(model, QueueOptions.builder().permits(PERMITS).timeout(TIMEOUT)
                .listener((texts, _, _, _) -> {
                    if (texts % 5 == 0) {
                        throw new StackOverflowError("a listener, on purpose");
                    }
                }).build());
        for (String text : texts) {
            int digest = digest(model.encode(text, ALL));
            if (digests.putIfAbsent(text, digest) instanceof Integer before && before != digest) {
                fault("other bits in a new round: " + text);
            }
        }
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            Random random = new Random(seed + 31L * round + i);
            threads.add(i % 2 == 0
                    ? Thread.ofPlatform().name("caller-" + i)
                            .start(() -> callUntilClosed(model, queue, random))
                    : Thread.ofVirtual().name("caller-" + i)
                            .start(() -> callUntilClosed(model, queue, random)));
        }
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ROUND_MILLIS);
        while (System.nanoTime() < end) {
            threads.get(ThreadLocalRandom.current().nextInt(THREADS)).interrupt();
            if (memoryEnds) {
                useUpMemory();
            }
            Thread.sleep(50);
        }
        closing = true;
        if (round % 2 == 0) {
            queue.close();
            model.close();
        } else {
            model.close(); // Under the queue, whose requests fail.
            queue.close();
        }
        for (Thread thread : threads) {
            if (!thread.join(Duration.ofSeconds(60))) {
                fault(thread.getName() + " does not end at " + Arrays.toString(thread.getStackTrace()));
            }
        }
        checkNothingIsLeft(queue);
        System.out.println("round " + round + ": " + calls.sumThenReset() + " calls, "
                + failures.sumThenReset() + " failed as they should, " + outOfMemory.sumThenReset()
                + " out of memory");
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

    private void checkNothingIsLeft(EncodeQueue queue) throws IOException, InterruptedException {
        int incomplete = 0;
        for (CompletableFuture<?> future = futures.poll(); future != null; future = futures.poll()) {
            for (int wait = 0; !future.isDone() && wait < 500; wait++) {
                Thread.sleep(10);
            }
            incomplete += future.isDone() ? 0 : 1;
        }
        if (incomplete > 0) {
            fault(incomplete + " futures are not complete");
        }
        if (queue.state().freePermits() != PERMITS || queue.state().waiting() != 0
                || queue.state().computing() != 0) {
            fault("left in the queue: " + queue.state());
        }
        List<String> names = Thread.getAllStackTraces().keySet().stream().map(Thread::getName)
                .filter(name -> name.startsWith("bgem3")).toList();
        if (!names.isEmpty()) {
            fault("threads are left: " + names);
        }
        List<String> mapped = Files.readAllLines(Path.of("/proc/self/maps")).stream()
                .filter(line -> line.contains(folder.toString())).toList();
        if (!mapped.isEmpty()) {
            fault("mappings are left: " + mapped);
        }
    }

    private void callUntilClosed(BgeM3 model, EncodeQueue queue, Random random) {
        while (!closing) {
            try {
                calls.increment();
                call(model, queue, random);
            } catch (Throwable thrown) {
                check(thrown);
            }
            Thread.interrupted();
        }
    }

    private void check(Throwable thrown) {
        try {
            Throwable cause = thrown;
            while (cause instanceof CompletionException && cause.getCause() != null) {
                cause = cause.getCause();
            }
            boolean expected = switch (cause) {
                case OutOfMemoryError _ -> true;
                case OverloadedException _ -> true;
                case TimedOutException _ -> true;
                case CancelledException _ -> true;
                case CancellationException _ -> true;
                case UnsupportedOperationException e -> "a callback, on purpose".equals(e.getMessage());
                case ModelException e -> e.getMessage().contains("embeddings");
                case IllegalStateException e -> closing && String.valueOf(e.getMessage()).contains("closed");
                default -> false;
            };
            if (cause instanceof OutOfMemoryError) {
                outOfMemory.increment();
            } else if (expected) {
                failures.increment();
            } else {
                fault("unexpected", thrown);
            }
        } catch (OutOfMemoryError _) {
            outOfMemory.increment();
        }
    }

    private List<String> some(Random random) {
        return random.ints(1 + random.nextInt(6), 0, texts.size()).mapToObj(texts::get).toList();
    }

    private void call(BgeM3 model, EncodeQueue queue, Random random) {
        List<String> some = some(random);
        switch (random.nextInt(14)) {
            case 0 -> compare(some, model.encode(some, ALL));
            case 1 -> {
                Stream<String> source = Stream.of(1, 2).flatMap(_ -> Stream.generate(() -> some.getFirst()));
                compare(List.of(some.getFirst(), some.getFirst()),
                        model.encode(source.limit(1 + random.nextInt(50) + 1), ALL).limit(2).toList());
            }
            case 2 -> {
                Iterator<Embedding> abandoned = model.encode(some.stream(), ALL).iterator();
                compare(some.subList(0, 1), List.of(abandoned.next()));
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
            case 8 -> model.computeScore(new TextPair(some.getFirst(), some.getLast()));
            case 9 -> {
                List<String> withBad = new ArrayList<>(some);
                withBad.add(random.nextInt(withBad.size() + 1), BAD_TEXT);
                queue(queue, withBad).join();
                fault("a result of " + withBad);
            }
            case 10 -> compare(some, queue(queue, some)
                    .whenComplete((_, _) -> queue(queue, some)).join().results());
            case 11 -> queue(queue, some).whenComplete((_, _) -> {
                throw new UnsupportedOperationException("a callback, on purpose");
            }).join();
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
            fault(expected.size() + " texts, " + found.size() + " results");
            return;
        }
        for (int i = 0; i < found.size(); i++) {
            if (digest(found.get(i)) != digests.get(expected.get(i))) {
                fault("other bits: " + expected.get(i));
            }
        }
    }

    private static int digest(Embedding embedding) {
        return 31 * (31 * Arrays.hashCode(embedding.dense().values())
                + embedding.lexicalWeights().asMap().hashCode())
                + Arrays.hashCode(embedding.colbert().values());
    }
}
