package dev.bgem3.engine;

import dev.bgem3.error.BackendException;
import dev.bgem3.io.QuietLogger;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.kernel.Kernels;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * The kernels, arithmetic and devices that compute a model.
 *
 * @param provider
 *            the provider of the kernels
 * @param arithmetic
 *            one that the provider offers
 * @param devices
 *            the numbers of the provider's devices, at least one
 */
public record BackendSelection(KernelProvider provider, Arithmetic arithmetic, List<Integer> devices) {
    private static final QuietLogger LOGGER = QuietLogger.of("dev.bgem3");
    private static final String KERNELS_PROPERTY = "bgem3.kernels";
    private static final String AUTO = "auto";
    /** Reasons that have been logged, so that each is logged only once. */
    private static final Set<String> REPORTED = ConcurrentHashMap.newKeySet();

    /**
     * Chooses among the installed providers, given in order of preference.
     *
     * @throws BackendException
     *             if this machine does not have what is requested
     */
    public static BackendSelection choose(BackendRequest request, List<KernelProvider> installed) {
        DeviceRequest device = request.device();
        String name = request.kernels().equals(AUTO)
                ? System.getProperty(KERNELS_PROPERTY, AUTO)
                : request.kernels();
        KernelProvider provider = name.equals(AUTO)
                ? best(device, request.arithmetic(), installed)
                : named(name, device, installed);
        Arithmetic arithmetic = arithmetic(request.arithmetic(), provider);
        KernelProviders.checkServes(provider, arithmetic);
        return new BackendSelection(provider, arithmetic, device.among(provider.deviceCount()));
    }

    /**
     * Defaults to fp32 on a CPU, which gives the reference's numbers, and to fp16 on a GPU, whose fp32 units
     * are many times slower.
     */
    private static Arithmetic arithmetic(Optional<Arithmetic> wanted, KernelProvider provider) {
        return wanted.orElse(isCpu(provider) ? Arithmetic.FP32 : Arithmetic.FP16);
    }

    private static boolean isCpu(KernelProvider provider) {
        return provider.device().equals(DeviceRequest.CPU);
    }

    private static KernelProvider named(String name, DeviceRequest request, List<KernelProvider> installed) {
        KernelProvider provider = KernelProviders.named(name, installed);
        if (!request.kind().equals(AUTO) && !request.kind().equals(provider.device())) {
            throw new BackendException("device: " + request.text() + " (expected: " + provider.device()
                    + ", where the " + name + " kernels compute)");
        }
        return provider;
    }

    private static KernelProvider best(DeviceRequest request, Optional<Arithmetic> wanted,
            List<KernelProvider> installed) {
        return switch (request.kind()) {
            case AUTO -> automatic(wanted, installed);
            case DeviceRequest.CPU -> onCpu(wanted, installed, Optional.empty());
            default -> onDevice(request, installed);
        };
    }

    /** Returns the first non-CPU provider that can compute in this precision, else the best for the CPU. */
    private static KernelProvider automatic(Optional<Arithmetic> wanted, List<KernelProvider> installed) {
        Optional<String> why = Optional.empty();
        for (KernelProvider provider : installed) {
            if (isCpu(provider)) {
                continue;
            }
            Optional<String> unavailable = provider.unavailable();
            if (unavailable.isPresent()) {
                why = Optional.of(provider.device() + ": " + unavailable.get());
                report(provider.deviceSeen() ? Level.WARNING : Level.DEBUG, why.get());
            } else if (provider.arithmetics().contains(arithmetic(wanted, provider))) {
                Optional<String> failure = provider.unavailable(arithmetic(wanted, provider));
                if (failure.isEmpty()) {
                    return provider;
                }
                why = Optional.of(provider.device() + ": " + failure.get());
                report(Level.WARNING, why.get());
            } else {
                report(Level.INFO,
                        provider.device() + ": " + arithmetic(wanted, provider).label()
                                + " is requested (expected: "
                                + KernelProviders.offers(provider) + ")");
            }
        }
        return onCpu(wanted, installed, why);
    }

    private static void report(Level level, String why) {
        if (REPORTED.add(why)) {
            LOGGER.log(level, "using the CPU instead of {0}", why);
        }
    }

    private static KernelProvider onCpu(Optional<Arithmetic> wanted, List<KernelProvider> installed,
            Optional<String> whyNotElsewhere) {
        if (wanted.isPresent() && !wanted.get().isForCpu()) {
            String label = wanted.get().label();
            throw new BackendException("precision: " + label + " (expected: " + Arithmetic.cpuLabels() + "; "
                    + label + " is for GPUs"
                    + whyNotElsewhere.map(why -> ", and none can be used: " + why).orElse("") + ")");
        }
        List<KernelProvider> candidates = installed.stream().filter(BackendSelection::isCpu).toList();
        return KernelProviders.best(wanted.orElse(Arithmetic.FP32), candidates);
    }

    private static KernelProvider onDevice(DeviceRequest request, List<KernelProvider> installed) {
        List<KernelProvider> candidates = installed.stream()
                .filter(provider -> provider.device().equals(request.kind())).toList();
        if (candidates.isEmpty()) {
            throw new BackendException("device: " + request.text() + " (expected: cpu or auto, as no "
                    + request.kind() + " kernels are installed)");
        }
        return candidates.stream().filter(provider -> provider.unavailable().isEmpty()).findFirst()
                .orElseThrow(() -> new BackendException("device: " + request.text() + " cannot be used: "
                        + candidates.stream().map(provider -> provider.unavailable().orElse(""))
                                .collect(Collectors.joining("; "))));
    }

    /** Returns a request for each single device. */
    public List<DeviceRequest> deviceRequests() {
        return devices.stream().map(number -> DeviceRequest.of(provider.device(), number)).toList();
    }

    /** Opens the kernels on the i-th device. */
    public Kernels open(int i, int threads) {
        return provider.open(arithmetic, threads, devices.get(i));
    }
}
