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

/** Offers the best {@link KernelSet} of an {@link Architecture} whose code this machine can run. */
public final class JitProvider implements KernelProvider {
    /** Found when they are first needed, which may be never. */
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

    /** For {@link ServiceLoader}. */
    public JitProvider() {}

    @Override
    public String name() {
        return "jit";
    }

    /**
     * Above the other providers if the kernels are the fastest and assembled code may run without a warning
     * of Java's. Below them without {@code --enable-native-access} or where the kernels are not faster at
     * every size: fp32 is then the others' unless these are named; bf16 and int8 are these kernels' alone.
     *
     * @throws BackendException
     *            if a system property asks for an instruction set that does not exist
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
            return SelfTest.failure(best(), arithmetic);
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
