package dev.bgem3.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.bgem3.Fixtures;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.HostTensor;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.ProvenArithmetics;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import dev.bgem3.testsupport.TestSizes;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Checks that forward passes in a steady state allocate nothing outside the heap, and on the heap only small
 * objects for each operation: no tensors, no rows and no task objects.
 */
class SteadyStateTest {
    private static final int THREADS = 2;
    /** Time for the JIT compiler to compile the kernels: interpreted code allocates every vector. */
    private static final long MAX_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final int PASSES = TestSizes.pick(3, 10);
    private static final ThreadMXBean THREAD_BEAN = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** The limit on the heap of two passes of any length: small objects for each of their operations. */
    private static final long PASS_BYTES = 256 << 10;

    static Stream<Arguments> kernels() {
        return KernelProviders.all().stream()
                .filter(provider -> provider.device().equals("cpu") && !provider.name().equals("scalar")
                        && provider.unavailable().isEmpty())
                .flatMap(provider -> ProvenArithmetics.of(provider)
                        .map(arithmetic -> Arguments.of(provider, arithmetic)));
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void forwardPassesAllocateOnlySmallObjects(KernelProvider provider, Arithmetic arithmetic) {
        TokenBatch batch = batch(700, 33, 128, 1);
        try (ModelFolder folder = ModelFolder.open(Fixtures.MINI);
                Kernels kernels = provider.open(arithmetic, THREADS, 0);
                Workspace workspace = kernels.newWorkspace()) {
            Encoder encoder = folder.loadEncoder(kernels);
            for (int i = 0; i < 3; i++) {
                pass(encoder, workspace, batch); // The workspace grows.
            }
            long address = pass(encoder, workspace, batch);
            long[] threads = workers();
            assertThat(threads).hasSize(THREADS);
            long least = Long.MAX_VALUE;
            long end = System.nanoTime() + MAX_NANOS;
            while (least >= PASS_BYTES && System.nanoTime() < end) {
                long before = allocated(threads);
                for (int i = 0; i < PASSES; i++) {
                    assertThat(pass(encoder, workspace, batch)).as("address of the result")
                            .isEqualTo(address);
                }
                least = Math.min(least, (allocated(threads) - before) / PASSES);
            }
            System.out.printf("%s %s: %,d bytes of heap for two passes of %d tokens%n", provider.name(),
                    arithmetic, least, batch.tokenCount());
            assertThat(least).as("bytes of heap for two passes of %d tokens", batch.tokenCount())
                    .isLessThan(PASS_BYTES);
        }
    }

    /**
     * Runs a pass for the first tokens and one for all tokens, and returns the address of the result, which
     * changes if the workspace had to grow.
     */
    private static long pass(Encoder encoder, Workspace workspace, TokenBatch batch) {
        workspace.reset();
        encoder.forwardFirstTokens(workspace, batch);
        Tensor hidden = encoder.forward(workspace, batch);
        return HostTensor.of(hidden).data().address();
    }

    private static TokenBatch batch(int... lengths) {
        Random random = new Random(1);
        return TokenBatch.of(Arrays.stream(lengths)
                .mapToObj(length -> random.ints(length, 4, 10_000).toArray()).toList());
    }

    /** Returns the ids of this thread and those of the team. */
    private static long[] workers() {
        List<Thread> team = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("bgem3-kernel-")).toList();
        return LongStream.concat(LongStream.of(Thread.currentThread().threadId()),
                team.stream().mapToLong(Thread::threadId)).toArray();
    }

    private static long allocated(long[] threads) {
        return LongStream.of(THREAD_BEAN.getThreadAllocatedBytes(threads)).sum();
    }
}
