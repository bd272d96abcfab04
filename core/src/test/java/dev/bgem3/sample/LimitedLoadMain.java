package dev.bgem3.sample;

import dev.bgem3.BgeM3;
import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.EncodeQueue;
import dev.bgem3.HuggingFaceCache;
import dev.bgem3.LoadOptions;
import dev.bgem3.error.BackendException;
import dev.bgem3.error.BgeM3Exception;
import dev.bgem3.model.ModelConfig;
import dev.bgem3.model.ModelFolder;
import dev.bgem3.text.TooManyOpenFilesException;
import dev.bgem3.tokenizer.Tokenizer;
import dev.bgem3.weights.MappedFile;
import java.io.FileInputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.Pipe;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Loads a model in a process with a system limit: uses up the limited resource, then repeatedly gives back a
 * little more of it and loads. Prints a line for each load: {@code loaded}, {@code refused} and the message,
 * or {@code FAULT} and the unexpected exception, each with the number of the library's threads that are left.
 * Arguments: {@code threads}, {@code descriptors}, {@code first} or {@code memory}, the model's folder, the
 * number of steps in which to give back, and the number of threads to load with. {@code first} is
 * {@code descriptors} without a load before the shortage; the classes must be in jars then. For both,
 * {@code HF_HUB_CACHE} has the models {@code a/listed}, without {@code refs/main}, and {@code a/read}, with
 * it.
 */
public final class LimitedLoadMain {
    /** What is given back in all. */
    private static final int GIVEN_DESCRIPTORS = 12;
    private static final int GIVEN_CHUNKS = 24;
    private static final long CHUNK_BYTES = 16 << 20;

    private LimitedLoadMain() {}

    /** Runs the program. */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length == 0) {
            return; // Shows whether the process can start at all.
        }
        Path folder = Path.of(arguments[1]);
        int steps = Integer.parseInt(arguments[2]);
        int threads = Integer.parseInt(arguments[3]);
        Runnable load = () -> load(folder, threads);
        if (!arguments[0].equals("first")) {
            // Loads once without a shortage, so that the classes are loaded.
            load(folder, 2);
        }
        switch (arguments[0]) {
            case "threads" -> {
                try (BgeM3 model = BgeM3.load(folder); EncodeQueue queue = EncodeQueue.of(model)) {
                    withFewThreads(load, steps, 3 * threads / 2, queue);
                    answer(queue);
                }
            }
            case "descriptors" -> {
                // Classes are read from files too, so those for the failures must be loaded first.
                TooManyOpenFilesException.explain(new FileSystemException(""));
                failureOf(() -> {
                    throw new BackendException("");
                });
                openings(folder.resolve("missing")).forEach(LimitedLoadMain::failureOf);
                withFewDescriptors(load, steps, folder);
            }
            case "first" -> {
                withFewDescriptors(load, steps, folder);
                Pipe pipe = Pipe.open(); // The shortage must not have broken Java's own classes.
                pipe.sink().close();
                pipe.source().close();
            }
            case "memory" -> withLittleMemory(load, steps);
            default -> throw new IllegalArgumentException(arguments[0]);
        }
        load(folder, threads);
    }

    private static long ownThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("bgem3"))
                .count();
    }

    private static void load(Path folder, int threads) {
        long threadsBefore = ownThreads();
        String outcome;
        try (BgeM3 model = BgeM3.load(folder, LoadOptions.builder().threads(threads).build())) {
            model.encode("a");
            outcome = "loaded";
        } catch (BgeM3Exception e) {
            outcome = "refused " + e.getClass().getSimpleName() + ": " + e.getMessage();
        } catch (Throwable e) {
            outcome = "FAULT " + e;
            e.printStackTrace();
        }
        System.out.println(outcome + " " + (ownThreads() - threadsBefore));
    }

    /** The steps of a load that open files, one by one, since a load gets no further than the first. */
    private static List<Runnable> openings(Path folder) {
        return List.of(() -> Tokenizer.load(folder), () -> ModelFolder.open(folder).close(),
                () -> MappedFile.open(folder.resolve(ModelConfig.FILE_NAME)).close(),
                () -> HuggingFaceCache.ofProcess().find("a/listed"),
                () -> HuggingFaceCache.ofProcess().find("a/read"));
    }

    private static String failureOf(Runnable opening) {
        try {
            opening.run();
            return "FAULT opened";
        } catch (RuntimeException e) {
            return "refused " + e.getClass().getSimpleName() + ": " + e.getMessage();
        }
    }

    private static void withFewThreads(Runnable load, int steps, int given, EncodeQueue queue)
            throws InterruptedException {
        List<CountDownLatch> ends = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        try {
            while (true) {
                CountDownLatch end = new CountDownLatch(1);
                Thread thread = new Thread(() -> await(end), "filler");
                thread.start();
                ends.add(end);
                threads.add(thread);
            }
        } catch (OutOfMemoryError full) {
            for (int step = 0; step < steps; step++) {
                answer(queue);
                load.run();
                for (int i = 0; i < given / steps && !ends.isEmpty(); i++) {
                    ends.removeLast().countDown();
                    threads.removeLast().join();
                }
            }
        }
        ends.forEach(CountDownLatch::countDown);
        for (Thread thread : threads) {
            thread.join();
        }
    }

    /** Checks that a queue answers even if virtual threads find no carrier. */
    private static void answer(EncodeQueue queue) {
        List<CompletableFuture<Embedding>> futures = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            futures.add(queue.encode("text " + i, EncodeOptions.defaults()));
        }
        try {
            CompletableFuture.allOf(futures.toArray(CompletableFuture[]::new)).get(30, TimeUnit.SECONDS);
        } catch (Exception e) {
            System.out.println("FAULT the queue: " + e + " 0");
        }
    }

    private static void await(CountDownLatch end) {
        try {
            end.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void withFewDescriptors(Runnable load, int steps, Path folder) throws IOException {
        List<FileInputStream> open = new ArrayList<>();
        try {
            while (true) {
                open.add(new FileInputStream("/dev/null"));
            }
        } catch (IOException full) {
            for (Runnable opening : openings(folder)) {
                System.out.println(failureOf(opening) + " 0");
            }
            for (int step = 0; step < steps; step++) {
                load.run();
                for (int i = 0; i < GIVEN_DESCRIPTORS / steps; i++) {
                    open.removeLast().close();
                    TooManyOpenFilesException.explain(new FileSystemException("")); // Must do no harm.
                }
            }
        }
        for (FileInputStream stream : open) {
            stream.close();
        }
    }

    /** Limits the address space, which an empty sparse file can use up. */
    private static void withLittleMemory(Runnable load, int steps) throws IOException {
        Path file = Files.createTempFile("addresses", null);
        List<Arena> arenas = new ArrayList<>();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE,
                StandardOpenOption.DELETE_ON_CLOSE)) {
            channel.write(ByteBuffer.allocate(1), CHUNK_BYTES - 1);
            try {
                while (true) {
                    Arena arena = Arena.ofShared();
                    channel.map(FileChannel.MapMode.READ_ONLY, 0, CHUNK_BYTES, arena);
                    arenas.add(arena);
                }
            } catch (IOException full) {
                // With no room at all, the virtual machine itself would end.
                giveBack(arenas, 4);
                for (int step = 0; step < steps; step++) {
                    load.run();
                    giveBack(arenas, GIVEN_CHUNKS / steps);
                }
            }
            giveBack(arenas, arenas.size());
        }
    }

    private static void giveBack(List<Arena> arenas, int count) {
        for (int i = 0; i < count; i++) {
            arenas.removeLast().close();
        }
    }
}
