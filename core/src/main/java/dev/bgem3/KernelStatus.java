package dev.bgem3;

import dev.bgem3.engine.DeviceRequest;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProvider;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Installed kernels, and whether this process can use them on this machine.
 *
 * @param kernels
 *            the kind, for {@link LoadOptions}
 * @param device
 *            the device they use by default: {@link Device#CPU}, or the first of their GPUs
 * @param unavailable
 *            why they cannot be used at all; empty if they can
 * @param refused
 *            the precisions that this machine has instructions for but in which the kernels failed their
 *            self-test, with the reason; normally empty
 */
public record KernelStatus(KernelKind kernels, Device device, Optional<String> unavailable,
        Map<Precision, String> refused) {
    /** Copies the map. */
    public KernelStatus {
        Objects.requireNonNull(kernels, "kernels");
        Objects.requireNonNull(device, "device");
        Objects.requireNonNull(unavailable, "unavailable");
        refused = Map.copyOf(refused);
    }

    /** Checks installed kernels in each of their precisions. */
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
