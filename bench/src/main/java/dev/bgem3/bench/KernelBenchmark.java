package dev.bgem3.bench;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.Workspace;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The base class for benchmarks of single operations, with the kernels to measure and the scalar reference.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public abstract class KernelBenchmark {
    /** The kernels to measure. */
    @Param({"scalar", "vector"})
    String kernels;

    /**
     * The arithmetic of the linear layers' products: {@code FP32}; with {@code jit} also {@code BF16} and
     * {@code INT8}.
     */
    @Param("FP32")
    String arithmetic;

    /** The number of threads; 0 stands for the number of processors. The scalar kernels always use one. */
    @Param("0")
    int threads;

    /** The hidden size C; BGE-M3's by default. */
    @Param("1024")
    int hiddenSize;

    /** The opened kernels to measure. */
    Kernels measured;
    /** The workspace of the measured kernels. */
    Workspace workspace;

    /** Counts the operations of the formula. */
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    @State(Scope.Thread)
    public static class Operations {
        /** The operations of this iteration, in units of 10⁹. */
        public double gigaFlops;
    }

    /** Counts tokens. */
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    @State(Scope.Thread)
    public static class Tokens {
        /** The tokens of this iteration. */
        public long tokens;
    }

    final void openKernels() {
        Arithmetic how = Arithmetic.valueOf(arithmetic);
        measured = KernelProviders.named(kernels, how)
                .open(how, threads == 0 ? Runtime.getRuntime().availableProcessors() : threads, 0);
        workspace = measured.newWorkspace();
    }

    static Kernels openReference() {
        return KernelProviders.named("scalar", Arithmetic.FP32).open(Arithmetic.FP32, 1, 0);
    }

    /** Returns the tolerance for results of about 1. */
    final double tolerance() {
        return Agreement.of(Arithmetic.valueOf(arithmetic));
    }

    /** Frees the kernels. */
    @TearDown
    public void close() {
        workspace.close();
        measured.close();
    }
}
