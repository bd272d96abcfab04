package dev.bgem3.kernel.vector;

import dev.bgem3.error.MissingModuleException;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.Kernels;
import java.util.Optional;
import java.util.Set;

/** Offers {@link VectorKernels} where the incubator module is in the module graph and the CPU has lanes for it. */
public final class VectorProvider implements KernelProvider {
    private static final String MODULE = "jdk.incubator.vector";
    /** The system property that, where it is true, makes it an error that the module is needed and not loaded. */
    private static final String REQUIRED = "bgem3.vector.required";

    /** For {@link java.util.ServiceLoader}. */
    public VectorProvider() {}

    @Override
    public String name() {
        return "vector";
    }

    @Override
    public int rank() {
        return 10;
    }

    /**
     * Why it cannot serve.
     *
     * @throws MissingModuleException
     *             where the module is not loaded and {@value #REQUIRED} is true: nothing that comes before these kernels can serve, and
     *             the plain ones are not wanted in their place
     */
    @Override
    public Optional<String> unavailable() {
        if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
            String reason = "the module " + MODULE + " is not loaded; start Java with --add-modules " + MODULE
                    + " for vector speed (tens of times faster)";
            if (Boolean.getBoolean(REQUIRED)) {
                throw new MissingModuleException(MODULE, "kernels: vector cannot be used: " + reason);
            }
            return Optional.of(reason);
        }
        try {
            return SelfTest.failure();
        } catch (LinkageError otherInterface) { // The module is an incubator: a later JDK may have changed it.
            return Optional.of("the Vector API of Java " + Runtime.version() + " is not the one of Java 25: "
                    + otherInterface);
        }
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
