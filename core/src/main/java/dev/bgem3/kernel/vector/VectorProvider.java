package dev.bgem3.kernel.vector;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.Kernels;
import java.util.Optional;
import java.util.Set;

/** Provides {@link VectorKernels} if the incubator module is loaded and the CPU has vectors. */
public final class VectorProvider implements KernelProvider {
    private static final String MODULE = "jdk.incubator.vector";

    /** Used by {@link java.util.ServiceLoader}. */
    public VectorProvider() {}

    @Override
    public String name() {
        return "vector";
    }

    @Override
    public int rank() {
        return 10;
    }

    @Override
    public Optional<String> unavailable() {
        if (missingModule().isPresent()) {
            return Optional
                    .of("the module " + MODULE + " is not loaded; start Java with --add-modules " + MODULE
                            + " for vector speed (tens of times faster than plain loops)");
        }
        try {
            return VectorSelfTest.failure();
            // The API is incubating, so a later JDK may have changed it.
        } catch (LinkageError otherInterface) {
            return Optional.of("the Vector API of Java " + Runtime.version() + " is not the one of Java 25: "
                    + otherInterface);
        }
    }

    @Override
    public Optional<String> missingModule() {
        return ModuleLayer.boot().findModule(MODULE).isPresent() ? Optional.empty() : Optional.of(MODULE);
    }

    @Override
    public Set<Arithmetic> arithmetics() {
        return Set.of(Arithmetic.FP32);
    }

    @Override
    public Kernels open(Arithmetic arithmetic, int threads, int device) {
        return new VectorKernels(threads);
    }
}
