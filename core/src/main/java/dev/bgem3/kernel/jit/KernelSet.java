package dev.bgem3.kernel.jit;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.Kernels;
import java.util.Set;

/** The kernels assembled for one instruction set. Its methods are called only on a machine that has it. */
public interface KernelSet {
    /** Returns whether its fp32 kernels are faster than those of other CPU providers at every size. */
    boolean isFastest();

    /** Returns the arithmetics that this machine has units for. */
    Set<Arithmetic> arithmetics();

    /** Opens kernels for one of {@link #arithmetics()}. */
    Kernels open(Arithmetic arithmetic, int threads);

    /**
     * Returns the numbers of rows for which the self-test runs products, at most
     * {@link JitSelfTest#MAX_ROWS}; together they need tiles of every height.
     */
    int[] selfTestRows();

    /** Returns the number of keys that attention processes at a time. */
    int keysAtOnce();

    /** Creates the exception for an arithmetic that a set does not offer. */
    static IllegalArgumentException notOffered(Arithmetic arithmetic) {
        return new IllegalArgumentException(
                "arithmetic: " + arithmetic + " (expected: one that the provider offers)");
    }
}
