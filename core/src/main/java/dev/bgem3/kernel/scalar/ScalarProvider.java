package dev.bgem3.kernel.scalar;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.Kernels;
import java.util.Optional;
import java.util.Set;

/** Provides {@link ScalarKernels}, which run everywhere. */
public final class ScalarProvider implements KernelProvider {
    /** Used by {@link java.util.ServiceLoader}. */
    public ScalarProvider() {}

    @Override
    public String name() {
        return "scalar";
    }

    @Override
    public int rank() {
        return 0;
    }

    @Override
    public Optional<String> unavailable() {
        return Optional.empty();
    }

    @Override
    public Set<Arithmetic> arithmetics() {
        return Set.of(Arithmetic.FP32);
    }

    /** Opens the reference, which uses only the caller's thread, however many are allowed. */
    @Override
    public Kernels open(Arithmetic arithmetic, int threads, int device) {
        return new ScalarKernels();
    }
}
