package dev.bgem3.kernel.jit;

/**
 * A processor architecture that kernels are assembled for. Its package declares it to
 * {@link java.util.ServiceLoader}, through which {@link JitProvider} finds it, so that this package does not
 * depend on that one.
 */
public interface Architecture {
    /**
     * The best of its sets of kernels that this machine can run.
     *
     * @throws dev.bgem3.asm.CodeUnavailableException
     *             if this machine can run none; the message says why
     * @throws dev.bgem3.error.BackendException
     *             if a system property asks for a set that does not exist
     */
    KernelSet best();
}
