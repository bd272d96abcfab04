package dev.bgem3;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProvider;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Kernels that are installed, and whether this machine and this process can use them.
 *
 * @param name
 *            as {@link LoadOptions} and {@link ModelInfo} name them, such as {@code vector}
 * @param device
 *            the kind of device that they compute on: {@code cpu} or {@code cuda}
 * @param unavailable
 *            why they cannot be used at all; empty where they can
 * @param refused
 *            the precisions that this machine has units for and in which they failed their self-test, and
 *            how; empty as a rule
 */
public record KernelStatus(String name, String device, Optional<String> unavailable,
        Map<Precision, String> refused) {
    /** Kernels with a name. */
    public KernelStatus {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(device, "device");
        Objects.requireNonNull(unavailable, "unavailable");
        refused = Map.copyOf(refused);
    }

    /** Of kernels that are installed; tries each of their precisions. */
    static KernelStatus of(KernelProvider provider) {
        Optional<String> unavailable = provider.unavailable();
        Map<Precision, String> refused = new EnumMap<>(Precision.class);
        if (unavailable.isEmpty()) {
            for (Arithmetic arithmetic : provider.arithmetics()) {
                provider.unavailable(arithmetic)
                        .ifPresent(why -> refused.put(Precision.of(arithmetic), why));
            }
        }
        return new KernelStatus(provider.name(), provider.device(), unavailable, refused);
    }
}
