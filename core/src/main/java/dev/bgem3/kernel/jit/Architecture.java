package dev.bgem3.kernel.jit;

/**
 * A processor architecture for which kernels are assembled. {@link JitProvider} finds it through
 * {@link java.util.ServiceLoader}, so that this package does not depend on the architecture's.
 */
public interface Architecture {
    /**
     * Returns the best of its kernel sets that this machine can run.
     *
     * @throws dev.bgem3.asm.CodeUnavailableException
     *             if this machine cannot run any; the message says why
     * @throws dev.bgem3.error.BackendException
     *             if a system property names a set that does not exist
     */
    KernelSet best();
}
