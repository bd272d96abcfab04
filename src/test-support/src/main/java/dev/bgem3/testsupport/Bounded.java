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
 * Runs work on hostile input with limits on time and memory. Another thread watches the time, so that work
 * that never returns fails too. The memory is all that the working thread allocates on the heap, including
 * what is freed.
 *
 * <p>
 * The memory limits include a constant for what does not grow with the input: buffers, stack traces and
 * classes that are loaded. Code that trusts a length in the input without checking it against the file soon
 * exceeds them.
 */
public final class Bounded {
    private static final long SECONDS = 30;
    private static final long FIXED_BYTES = 64 << 20;
    private static final ExecutorService WORKERS = Executors
            .newCachedThreadPool(Thread.ofPlatform().daemon().name("bounded-", 0).factory());
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Bounded() {}

    /** Returns the limit for reading a file: a few objects and copies per value of at least one byte. */
    public static long reading(long inputBytes) {
        return FIXED_BYTES + 1024 * inputBytes;
    }

    /** Returns the limit for loading and using a small model, which copies its weights a few times. */
    public static long loading(long inputBytes) {
        return FIXED_BYTES + 32 * inputBytes;
    }

    /** Runs {@code work} and returns its result; {@code what} describes it in messages. */
    public static <T> T call(Supplier<String> what, long maxBytes, Supplier<T> work) {
        return call(what, SECONDS, maxBytes, work);
    }

    static <T> T call(Supplier<String> what, long maxSeconds, long maxBytes, Supplier<T> work) {
        AtomicReference<Thread> worker = new AtomicReference<>();
        Future<T> task = WORKERS.submit(() -> {
            worker.set(Thread.currentThread());
            return allocating(what, maxBytes, work);
        });
        try {
            return task.get(maxSeconds, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("over " + maxSeconds + " s: " + what.get() + "\n"
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
