package dev.bgem3.testsupport;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * Work on hostile input, bounded in time and memory. Time is watched from another thread, so that work which
 * never returns fails too; memory is what the working thread allocates on the heap, freed or not.
 *
 * <p>
 * The bounds of memory have a part for what does not grow with the input: buffers, stack traces, classes
 * loaded on the way. What takes a length from the input without holding it against the file soon asks for
 * more.
 */
public final class Bounded {
    private static final long SECONDS = 5;
    private static final long FIXED_BYTES = 64 << 20;
    private static final ExecutorService WORKERS = Executors
            .newCachedThreadPool(Thread.ofPlatform().daemon().name("bounded-", 0).factory());
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Bounded() {}

    /** Reading small files: a few objects and copies for a value, and no value has less than a byte. */
    public static long reading(long inputBytes) {
        return FIXED_BYTES + 1024 * inputBytes;
    }

    /** Loading and using a small model: its numbers are copied and laid out a few times. */
    public static long loading(long inputBytes) {
        return FIXED_BYTES + 32 * inputBytes;
    }

    /** What {@code work} gives; {@code what} is for the message. */
    public static <T> T call(Supplier<String> what, long maxBytes, Supplier<T> work) {
        AtomicReference<Thread> worker = new AtomicReference<>();
        Future<T> task = WORKERS.submit(() -> {
            worker.set(Thread.currentThread());
            return allocating(what, maxBytes, work);
        });
        try {
            return task.get(SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("over " + SECONDS + " s: " + what.get() + "\n"
                    + Arrays.toString(worker.get().getStackTrace()), e);
        } catch (ExecutionException e) {
            throw new AssertionError(what.get(), e.getCause());
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted: " + what.get(), e);
        }
    }

    private static <T> T allocating(Supplier<String> what, long maxBytes, Supplier<T> work) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        T result = work.get();
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        if (allocated > maxBytes) {
            throw new AssertionError(
                    allocated + " bytes allocated (expected: at most " + maxBytes + "): " + what.get());
        }
        return result;
    }
}
