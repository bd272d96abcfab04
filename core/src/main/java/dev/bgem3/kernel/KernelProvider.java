package dev.bgem3.kernel;

import java.util.Optional;
import java.util.Set;

/** What a backend declares to {@link java.util.ServiceLoader}: whether it can serve on this machine, and how to start it. */
public interface KernelProvider {
    /** A short name in lower case: {@code scalar}, {@code vector}. */
    String name();

    /** Its place among the providers; the highest that is available serves. */
    int rank();

    /**
     * Why it cannot serve here, with the cure where there is one; empty if it can.
     *
     * <p>
     * The answer comes from having tried: a provider proves itself before it says yes.
     */
    Optional<String> unavailable();

    /** What it can compute the linear layers' products in, on this machine; asked only if it can serve. */
    Set<Arithmetic> arithmetics();

    /**
     * Starts it.
     *
     * @param arithmetic
     *            one of {@link #arithmetics()}
     * @param threads
     *            how many threads may work, the caller's included; at least 1
     */
    Kernels open(Arithmetic arithmetic, int threads);
}
