package dev.bgem3.kernel.jit;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.Kernels;
import java.util.Set;

/** The kernels assembled for one instruction set. Its methods are called only on a machine that has it. */
public interface KernelSet {
    /** Whether its fp32 kernels are faster than the other CPU providers' at every size. */
    boolean isFastest();

    /** The arithmetics that this machine has units for. */
    Set<Arithmetic> arithmetics();

    /** Opens kernels for one of {@link #arithmetics()}. */
    Kernels open(Arithmetic arithmetic, int threads);

    /**
     * The numbers of rows that the self-test runs products on, at most {@link SelfTest#MAX_ROWS}: together
     * they need tiles of every height.
     */
    int[] selfTestRows();

    /** The number of keys that attention takes at a time. */
    int keysAtOnce();

    /** The exception for an arithmetic that a set does not offer. */
    static IllegalArgumentException notOffered(Arithmetic arithmetic) {
        return new IllegalArgumentException(
                "arithmetic: " + arithmetic + " (expected: one that the provider offers)");
    }
}
