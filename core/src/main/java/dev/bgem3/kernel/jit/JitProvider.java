package dev.bgem3.kernel.jit;

import dev.bgem3.asm.CodeUnavailableException;
import dev.bgem3.error.BackendException;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.Kernels;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;

/** Provides the best {@link KernelSet} that this machine can run. */
public final class JitProvider implements KernelProvider {
    /** A holder, so that architectures are loaded only if they are needed. */
    private static final class Installed {
        static final List<Architecture> ARCHITECTURES = load();

        private static List<Architecture> load() {
            List<Architecture> found = new ArrayList<>();
            for (Architecture architecture : ServiceLoader.load(Architecture.class,
                    JitProvider.class.getClassLoader())) {
                found.add(architecture);
            }
            return found;
        }
    }

    /** Used by {@link ServiceLoader}. */
    public JitProvider() {}

    @Override
    public String name() {
        return "jit";
    }

    /**
     * Ranks above the other CPU providers if these kernels are the fastest and assembled code may run without
     * a warning from Java. Ranks below them without {@code --enable-native-access}, or if the kernels are not
     * faster at every size: then these serve fp32 only if they are named. Only they offer bf16 and int8.
     *
     * @throws BackendException
     *            if a system property names an instruction set that does not exist
     */
    @Override
    public int rank() {
        return JitProvider.class.getModule().isNativeAccessEnabled() && isFastest() ? 20 : -10;
    }

    private static boolean isFastest() {
        try {
            return best().isFastest();
        } catch (CodeUnavailableException denied) {
            return false;
        }
    }

    @Override
    public Optional<String> unavailable() {
        try {
            best();
            return Optional.empty();
        } catch (CodeUnavailableException denied) {
            return Optional.of(denied.getMessage());
        }
    }

    @Override
    public Optional<String> unavailable(Arithmetic arithmetic) {
        try {
            return JitSelfTest.failure(best(), arithmetic);
        } catch (CodeUnavailableException | BackendException denied) {
            return Optional.of(denied.getMessage());
        }
    }

    @Override
    public Set<Arithmetic> arithmetics() {
        return best().arithmetics();
    }

    @Override
    public Kernels open(Arithmetic arithmetic, int threads, int device) {
        return best().open(arithmetic, threads);
    }

    private static KernelSet best() {
        List<String> reasons = new ArrayList<>();
        for (Architecture architecture : Installed.ARCHITECTURES) {
            try {
                return architecture.best();
            } catch (CodeUnavailableException denied) {
                reasons.add(denied.getMessage());
            }
        }
        throw new CodeUnavailableException(String.join("; ", reasons));
    }
}
