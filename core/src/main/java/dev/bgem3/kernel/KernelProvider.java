package dev.bgem3.kernel;

import java.util.Optional;
import java.util.Set;

/**
 * What a backend declares to {@link java.util.ServiceLoader}: whether it can serve on this machine, and how
 * to start it.
 */
public interface KernelProvider {
    /** A short name in lower case: {@code scalar}, {@code vector}, {@code cuda}. */
    String name();

    /** The kind of device it computes on, in lower case: {@code cpu}, {@code cuda}. */
    default String device() {
        return "cpu";
    }

    /** Its place among the providers of its kind of device; the highest that is available serves. */
    int rank();

    /**
     * Why it cannot serve here, with the cure where there is one; empty if it can.
     *
     * <p>
     * The answer comes from having tried: a provider proves itself before it says yes, here or, where that
     * would take longer than a choice may, in {@link #unavailable(Arithmetic)}.
     */
    Optional<String> unavailable();

    /** The module of Java's that it lacks, if that is why it cannot serve. */
    default Optional<String> missingModule() {
        return Optional.empty();
    }

    /**
     * Why it cannot serve in this one of its {@link #arithmetics()} after all, as where its self-test fails;
     * empty if it can. Asked only if it can serve, before it is opened.
     */
    default Optional<String> unavailable(Arithmetic arithmetic) {
        return Optional.empty();
    }

    /**
     * Whether, though it cannot serve, a device of its kind seems to be there, as where a driver is installed
     * and a library is not: then the user hears why it is not used. Asked only if it cannot serve.
     */
    default boolean deviceSeen() {
        return false;
    }

    /**
     * What it can compute the linear layers' products in, on this machine; asked only if it can serve, or
     * lacks but a module.
     */
    Set<Arithmetic> arithmetics();

    /** How many devices of its kind this machine has for it, numbered from 0; asked only if it can serve. */
    default int deviceCount() {
        return 1;
    }

    /**
     * Starts it on one device.
     *
     * @param arithmetic
     *            one of {@link #arithmetics()}
     * @param threads
     *            how many threads of the host may work, the caller's included; at least 1
     * @param device
     *            0 .. {@link #deviceCount()} − 1
     * @throws dev.bgem3.error.BackendException
     *             where it cannot be started after all
     */
    Kernels open(Arithmetic arithmetic, int threads, int device);
}
