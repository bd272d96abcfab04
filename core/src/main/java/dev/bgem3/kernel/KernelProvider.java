package dev.bgem3.kernel;

import java.util.Optional;
import java.util.Set;

/**
 * A backend, found by {@link java.util.ServiceLoader}: reports whether it can run on this machine, and opens
 * its kernels.
 */
public interface KernelProvider {
    /** Returns a short name in lower case: {@code scalar}, {@code vector}, {@code cuda}. */
    String name();

    /** Returns the kind of device that it computes on, in lower case: {@code cpu}, {@code cuda}. */
    default String device() {
        return "cpu";
    }

    /** Returns the rank among providers for the same kind of device; the highest available one is used. */
    int rank();

    /**
     * Returns why this provider cannot run here, with a remedy if there is one; empty if it can.
     *
     * <p>
     * A provider tests itself before it declares itself available: here or, if that takes too long, in
     * {@link #unavailable(Arithmetic)}.
     */
    Optional<String> unavailable();

    /** Returns the missing JDK module, if that is why this provider cannot run. */
    default Optional<String> missingModule() {
        return Optional.empty();
    }

    /**
     * Returns why this provider cannot run in one of its {@link #arithmetics()}, for example because its
     * self-test fails; empty if it can. Called only if the provider is available, before {@link #open}.
     */
    default Optional<String> unavailable(Arithmetic arithmetic) {
        return Optional.empty();
    }

    /**
     * Returns whether a device seems to be present although the provider is unavailable, for example because
     * a driver is installed but a library is not: then the user is told why the device is not used. Called
     * only if the provider is unavailable.
     */
    default boolean deviceSeen() {
        return false;
    }

    /**
     * Returns the arithmetics that it supports on this machine; called only if the provider is available or
     * lacks nothing but a module.
     */
    Set<Arithmetic> arithmetics();

    /**
     * Returns the number of usable devices, which are numbered from 0; called only if the provider is
     * available.
     */
    default int deviceCount() {
        return 1;
    }

    /**
     * Opens the kernels on one device.
     *
     * @param arithmetic
     *            one of {@link #arithmetics()}
     * @param threads
     *            the number of host threads to use, including the caller's; at least 1
     * @param device
     *            0 .. {@link #deviceCount()} − 1
     * @throws dev.bgem3.error.BackendException
     *             if they cannot be opened after all
     */
    Kernels open(Arithmetic arithmetic, int threads, int device);
}
