package dev.bgem3.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bgem3.error.BackendException;
import dev.bgem3.error.MissingModuleException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class KernelProvidersTest {
    /** A provider of fp32 and int8 that may be unavailable, or fail its self-test in one of them. */
    private record FakeProvider(String name, Optional<String> unavailable, Optional<Arithmetic> broken)
            implements
                KernelProvider {
        @Override
        public int rank() {
            return 0;
        }

        @Override
        public Set<Arithmetic> arithmetics() {
            return Set.of(Arithmetic.FP32, Arithmetic.INT8);
        }

        @Override
        public Optional<String> unavailable(Arithmetic arithmetic) {
            return broken.filter(arithmetic::equals).map(which -> which + " is off by one");
        }

        @Override
        public Kernels open(Arithmetic arithmetic, int threads, int device) {
            throw new AssertionError("only chosen, never opened");
        }
    }

    private static final FakeProvider ABSENT = new FakeProvider("absent", Optional.of("no such processor"),
            Optional.empty());
    private static final FakeProvider BROKEN = new FakeProvider("broken", Optional.empty(),
            Optional.of(Arithmetic.INT8));
    private static final FakeProvider SOUND = new FakeProvider("sound", Optional.empty(), Optional.empty());

    @Test
    void choosesTheFirstThatPassesItsSelfTest() {
        List<KernelProvider> installed = List.of(ABSENT, BROKEN, SOUND);
        assertThat(KernelProviders.best(Arithmetic.FP32, installed)).isEqualTo(BROKEN);
        assertThat(KernelProviders.best(Arithmetic.INT8, installed)).isEqualTo(SOUND);
    }

    @Test
    void explainsWhyEachProviderIsNotUsed() {
        assertThatThrownBy(() -> KernelProviders.best(Arithmetic.INT8, List.of(ABSENT, BROKEN)))
                .isInstanceOf(BackendException.class)
                .hasMessage(
                        "precision: int8 (the absent kernels are not used: no such processor) "
                                + "(the broken kernels are not used: INT8 is off by one) "
                                + "(expected: fp32, or a processor with AVX-512 VNNI or AVX-VNNI for the jit "
                                + "kernels)");
        assertThatThrownBy(() -> KernelProviders.best(Arithmetic.BF16, List.of(SOUND)))
                .isInstanceOf(BackendException.class).hasMessage(
                        "precision: bf16 (expected: fp32, or a processor with AVX-512 BF16 for the jit "
                                + "kernels)");
    }

    /** A provider of fp32 whose module is missing. */
    private static final class ModuleMissing implements KernelProvider {
        @Override
        public String name() {
            return "lacking";
        }

        @Override
        public int rank() {
            return 0;
        }

        @Override
        public Optional<String> unavailable() {
            return Optional.of("no module jdk.some");
        }

        @Override
        public Optional<String> missingModule() {
            return Optional.of("jdk.some");
        }

        @Override
        public Set<Arithmetic> arithmetics() {
            return Set.of(Arithmetic.FP32);
        }

        @Override
        public Kernels open(Arithmetic arithmetic, int threads, int device) {
            throw new AssertionError("only chosen, never opened");
        }
    }

    @Test
    void throwsForAMissingModuleOnlyIfItIsNeeded() {
        List<KernelProvider> installed = List.of(ABSENT, new ModuleMissing(), SOUND);
        assertThat(KernelProviders.best(Arithmetic.FP32, installed)).isEqualTo(SOUND);
        System.setProperty("bgem3.vector.required", "true");
        try {
            assertThatThrownBy(() -> KernelProviders.best(Arithmetic.FP32, installed))
                    .isInstanceOf(MissingModuleException.class)
                    .hasMessage("kernels: lacking (the absent kernels are not used: no such processor) "
                            + "(the lacking kernels are not used: no module jdk.some) "
                            + "(expected: the module jdk.some, as bgem3.vector.required is true)");
            assertThatThrownBy(() -> KernelProviders.named("lacking", installed))
                    .isInstanceOf(MissingModuleException.class);
            assertThat(KernelProviders.best(Arithmetic.INT8, installed)).isEqualTo(SOUND);
            assertThat(KernelProviders.best(Arithmetic.FP32, List.of(BROKEN, new ModuleMissing())))
                    .isEqualTo(BROKEN);
        } finally {
            System.clearProperty("bgem3.vector.required");
        }
        assertThatThrownBy(() -> KernelProviders.named("lacking", installed))
                .isExactlyInstanceOf(BackendException.class)
                .hasMessage("kernels: lacking cannot be used: no module jdk.some");
    }

    @Test
    void aNamedProviderMustPassItsSelfTestToo() {
        KernelProviders.checkServes(BROKEN, Arithmetic.FP32);
        assertThatThrownBy(() -> KernelProviders.checkServes(BROKEN, Arithmetic.INT8))
                .isInstanceOf(BackendException.class)
                .hasMessage("kernels: broken cannot be used: INT8 is off by one");
        assertThatThrownBy(() -> KernelProviders.checkServes(SOUND, Arithmetic.BF16))
                .isInstanceOf(BackendException.class)
                .hasMessage("precision: bf16 (expected: fp32 or int8, which is all that the sound kernels "
                        + "compute here)");
        assertThatThrownBy(() -> KernelProviders.named("absent", List.of(ABSENT)))
                .isInstanceOf(BackendException.class)
                .hasMessage("kernels: absent cannot be used: no such processor");
    }
}
