package dev.bgem3.kernel;

import dev.bgem3.error.BackendException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** Chooses among the providers that are installed. Thread-safe. */
public final class KernelProviders {
    private static final Logger LOGGER = System.getLogger("dev.bgem3.kernel");
    private static final Set<String> REPORTED = ConcurrentHashMap.newKeySet();

    private KernelProviders() {}

    /** All that are installed, the preferred first, available or not. */
    public static List<KernelProvider> all() {
        return ServiceLoader.load(KernelProvider.class, KernelProviders.class.getClassLoader()).stream()
                .map(ServiceLoader.Provider::get)
                .sorted(Comparator.comparingInt(KernelProvider::rank).reversed())
                .toList();
    }

    /** The preferred one of those that can serve; what stands above it is logged once, with the reason. */
    public static KernelProvider best() {
        for (KernelProvider provider : all()) {
            Optional<String> reason = provider.unavailable();
            if (reason.isEmpty()) {
                return provider;
            }
            if (REPORTED.add(provider.name())) {
                LOGGER.log(Level.WARNING, "the {0} kernels are not used: {1}", provider.name(), reason.get());
            }
        }
        throw new BackendException("no kernels are installed (expected: at least 'scalar')");
    }

    /** The one of that name. */
    public static KernelProvider named(String name) {
        List<KernelProvider> all = all();
        KernelProvider provider = all.stream().filter(one -> one.name().equals(name)).findFirst()
                .orElseThrow(() -> new BackendException("kernels: " + name + " (expected one of: "
                        + all.stream().map(KernelProvider::name).collect(Collectors.joining(", ")) + ")"));
        provider.unavailable().ifPresent(reason -> {
            throw new BackendException("kernels: " + name + " cannot be used: " + reason);
        });
        return provider;
    }
}
