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
 * What the benchmarks of single operations share: the kernels to measure, and the scalar ones beside them.
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
     * What the linear layers' products are in: {@code FP32}; for {@code jit} also {@code BF16} and {@code
     * INT8}.
     */
    @Param("FP32")
    String arithmetic;

    /** How many threads compute; 0 for as many as there are processors. The scalar kernels always use one. */
    @Param("0")
    int threads;

    /** C; BGE-M3's unless set. */
    @Param("1024")
    int hiddenSize;

    /** The kernels to measure, while they are open. */
    Kernels measured;
    /** Their memory. */
    Workspace workspace;

    /** Counts the operations of the formula. */
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    @State(Scope.Thread)
    public static class Operations {
        /** 10⁹ operations done in this iteration. */
        public double gigaFlops;
    }

    /** Counts tokens. */
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    @State(Scope.Thread)
    public static class Tokens {
        /** Tokens done in this iteration. */
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

    /** How far results about 1 may be off. */
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
