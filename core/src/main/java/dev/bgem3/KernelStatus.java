package dev.bgem3;

import dev.bgem3.engine.DeviceRequest;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProvider;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Kernels that are installed, and whether this machine and this process can use them.
 *
 * @param kernels
 *            which, as {@link LoadOptions} takes them
 * @param device
 *            what they compute on by default: {@link Device#CPU}, or the first of their GPUs
 * @param unavailable
 *            why they cannot be used at all; empty where they can
 * @param refused
 *            the precisions that this machine has units for and in which they failed their self-test, and
 *            how; empty as a rule
 */
public record KernelStatus(KernelKind kernels, Device device, Optional<String> unavailable,
        Map<Precision, String> refused) {
    /** Kernels with a name. */
    public KernelStatus {
        Objects.requireNonNull(kernels, "kernels");
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
        return new KernelStatus(KernelKind.of(provider.name()),
                new Device(DeviceRequest.of(provider.device(), 0)), unavailable, refused);
    }
}
