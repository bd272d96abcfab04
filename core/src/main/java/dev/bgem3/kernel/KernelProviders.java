package dev.bgem3.kernel;

import dev.bgem3.error.BackendException;
import dev.bgem3.error.MissingModuleException;
import dev.bgem3.io.QuietLogger;
import java.lang.System.Logger.Level;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** Chooses among the installed providers. Thread-safe. */
public final class KernelProviders {
    private static final QuietLogger LOGGER = QuietLogger.of("dev.bgem3.kernel");
    private static final String REFERENCE = "scalar";
    /**
     * The system property that, if true, makes it an error if the kernels of the Vector API are needed but
     * their module is missing.
     */
    private static final String VECTOR_REQUIRED = "bgem3.vector.required";
    private static final Set<String> REPORTED = ConcurrentHashMap.newKeySet();

    private KernelProviders() {}

    /**
     * Returns all installed providers, available or not, the preferred one first.
     *
     * @throws BackendException
     *             if Java cannot load or list them, or does not find the reference, which is in this library
     */
    public static List<KernelProvider> all() {
        List<KernelProvider> all = listed();
        if (all.stream().noneMatch(provider -> provider.name().equals(REFERENCE))) {
            throw new BackendException("kernels: " + (all.isEmpty()
                    ? "none"
                    : all.stream().map(KernelProvider::name).collect(Collectors.joining(", ")) + " alone")
                    + " (expected: " + REFERENCE + " among them; the file META-INF/services/"
                    + KernelProvider.class.getName() + " has lost the lines of this library, as it does when "
                    + "several jars become one: merge the files of that name, by ServicesResourceTransformer "
                    + "of Maven's shade plugin or mergeServiceFiles() of Gradle's Shadow)");
        }
        return all;
    }

    private static List<KernelProvider> listed() {
        try {
            return ServiceLoader.load(KernelProvider.class, KernelProviders.class.getClassLoader()).stream()
                    .map(ServiceLoader.Provider::get)
                    .sorted(Comparator.comparingInt(KernelProvider::rank).reversed())
                    .toList();
        } catch (ServiceConfigurationError e) {
            throw new BackendException("kernels: " + e.getMessage()
                    + (e.getCause() == null ? "" : ": " + e.getCause().getMessage())
                    + " (expected: providers that Java can load)", e);
        }
    }

    /**
     * Returns the first of {@code installed} that can run in this arithmetic. If that is the plain reference,
     * logs a warning, once, with the reasons why the preferred ones cannot.
     *
     * @throws MissingModuleException
     *            if one preferred to the plain reference lacks only a JDK module and
     *            {@value #VECTOR_REQUIRED} is true
     * @throws BackendException
     *            if none can run in it
     */
    public static KernelProvider best(Arithmetic arithmetic, List<KernelProvider> installed) {
        Map<String, String> reasons = new LinkedHashMap<>();
        for (KernelProvider provider : installed) {
            Optional<String> reason = provider.unavailable();
            if (reason.isPresent()) {
                reasons.put(provider.name(), reason.get());
                if (lacksRequiredModule(provider) && provider.arithmetics().contains(arithmetic)) {
                    throw missing(provider, reasons);
                }
            } else if (provider.arithmetics().contains(arithmetic)) {
                Optional<String> failure = provider.unavailable(arithmetic);
                if (failure.isEmpty()) {
                    Level level = provider.name().equals(REFERENCE) ? Level.WARNING : Level.DEBUG;
                    reasons.forEach((name, why) -> report(level, name, why));
                    return provider;
                }
                reasons.put(provider.name(), failure.get());
                // The processor has the units, so a failure is unexpected.
                report(Level.WARNING, provider.name(), failure.get());
            }
        }
        throw new BackendException(
                "precision: " + arithmetic.label() + " " + inWords(reasons)
                        + "(expected: fp32" + arithmetic.cpuUnits()
                                .map(units -> ", or a processor with " + units + " for the jit kernels")
                                .orElse("")
                        + ")");
    }

    private static String inWords(Map<String, String> reasons) {
        return reasons.entrySet().stream()
                .map(reason -> "(the " + reason.getKey() + " kernels are not used: " + reason.getValue()
                        + ") ")
                .collect(Collectors.joining());
    }

    private static boolean lacksRequiredModule(KernelProvider provider) {
        return Boolean.getBoolean(VECTOR_REQUIRED) && provider.missingModule().isPresent();
    }

    private static MissingModuleException missing(KernelProvider provider, Map<String, String> reasons) {
        return new MissingModuleException("kernels: " + provider.name() + " " + inWords(reasons)
                + "(expected: the module " + provider.missingModule().orElseThrow() + ", as "
                + VECTOR_REQUIRED + " is true)");
    }

    private static void report(Level level, String name, String why) {
        if (REPORTED.add(name + ": " + why)) {
            LOGGER.log(level, "the {0} kernels are not used: {1}", name, why);
        }
    }

    /** Returns the provider of a name; throws if it is unavailable. */
    public static KernelProvider named(String name, List<KernelProvider> installed) {
        KernelProvider provider = installed.stream().filter(one -> one.name().equals(name)).findFirst()
                .orElseThrow(() -> new BackendException("kernels: " + name + " (expected one of: "
                        + installed.stream().map(KernelProvider::name).collect(Collectors.joining(", "))
                        + ")"));
        provider.unavailable().ifPresent(reason -> {
            throw lacksRequiredModule(provider)
                    ? missing(provider, Map.of(name, reason))
                    : refused(provider, reason);
        });
        return provider;
    }

    private static BackendException refused(KernelProvider provider, String reason) {
        return new BackendException("kernels: " + provider.name() + " cannot be used: " + reason);
    }

    /** Returns the installed provider of a name; throws if it cannot run in this arithmetic. */
    public static KernelProvider named(String name, Arithmetic arithmetic) {
        KernelProvider provider = named(name, all());
        checkServes(provider, arithmetic);
        return provider;
    }

    /** Checks that an available provider can run in this arithmetic. */
    public static void checkServes(KernelProvider provider, Arithmetic arithmetic) {
        if (!provider.arithmetics().contains(arithmetic)) {
            throw new BackendException("precision: " + arithmetic.label() + " (expected: " + offers(provider)
                    + ", which is all that the " + provider.name() + " kernels compute here)");
        }
        provider.unavailable(arithmetic).ifPresent(reason -> {
            throw refused(provider, reason);
        });
    }

    /** Describes the arithmetics of an available provider: {@code fp32 or bf16}. */
    public static String offers(KernelProvider provider) {
        return provider.arithmetics().stream().sorted().map(Arithmetic::label)
                .collect(Collectors.joining(" or "));
    }
}
