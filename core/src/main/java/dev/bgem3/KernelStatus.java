package dev.bgem3;

import java.util.Objects;
import java.util.Optional;

/**
 * Kernels that are installed, and whether this machine and this process can use them.
 *
 * @param name
 *            as {@link LoadOptions} and {@link ModelInfo} name them, such as {@code vector}
 * @param unavailable
 *            why they cannot be used; empty where they can
 */
public record KernelStatus(String name, Optional<String> unavailable) {
    /** Kernels with a name. */
    public KernelStatus {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(unavailable, "unavailable");
    }
}
