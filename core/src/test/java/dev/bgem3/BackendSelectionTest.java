package dev.bgem3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.engine.BackendSelection;
import dev.bgem3.engine.DeviceRequest;
import dev.bgem3.error.BackendException;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.jit.JitProvider;
import dev.bgem3.testsupport.DefaultKernels;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests which device, kernels and arithmetic the options select. */
@DefaultKernels
class BackendSelectionTest {
    private static final FakeDevices ONE = FakeDevices.of(1, 1, 4096, (_, _) -> {});
    private static final FakeDevices FOUR = FakeDevices.of(4, 1, 4096, (_, _) -> {});

    private static List<KernelProvider> with(KernelProvider first) {
        List<KernelProvider> installed = new ArrayList<>(List.of(first));
        KernelProviders.all().stream().filter(provider -> provider.device().equals("cpu"))
                .forEach(installed::add);
        return installed;
    }

    private static List<KernelProvider> onlyCpu() {
        List<KernelProvider> installed = with(ONE);
        return installed.subList(1, installed.size());
    }

    private static BackendSelection choose(String device, Precision precision,
            List<KernelProvider> installed) {
        return BackendSelection.choose(
                LoadOptions.builder().device(device).precision(precision).build().backend(), installed);
    }

    private static void assertRefused(String message, String device, Precision precision,
            List<KernelProvider> installed) {
        assertThatExceptionOfType(BackendException.class)
                .isThrownBy(() -> choose(device, precision, installed)).withMessage(message);
    }

    /** Kernels for a GPU that fail their self-test in one precision. */
    private record Failing(KernelProvider gpu, Arithmetic failing) implements KernelProvider {
        @Override
        public String name() {
            return gpu.name();
        }

        @Override
        public String device() {
            return gpu.device();
        }

        @Override
        public int rank() {
            return gpu.rank();
        }

        @Override
        public Optional<String> unavailable() {
            return Optional.empty();
        }

        @Override
        public Optional<String> unavailable(Arithmetic arithmetic) {
            return arithmetic == failing ? Optional.of("its sums are off by one") : Optional.empty();
        }

        @Override
        public Set<Arithmetic> arithmetics() {
            return gpu.arithmetics();
        }

        @Override
        public Kernels open(Arithmetic arithmetic, int threads, int device) {
            return gpu.open(arithmetic, threads, device);
        }
    }

    @Test
    void refusesAnUnknownInstructionSetWhicheverKernelsServe() {
        assumeTrue(new JitProvider().unavailable().isEmpty(), "assembled code cannot run here");
        String forced = System.setProperty("bgem3.jit.isa", "avx1024");
        try {
            assertThatExceptionOfType(BackendException.class).isThrownBy(() -> BgeM3.load(Fixtures.TINY))
                    .withMessage("bgem3.jit.isa: avx1024 (expected: avx512 or avx2)");
        } finally {
            if (forced == null) {
                System.clearProperty("bgem3.jit.isa");
            } else {
                System.setProperty("bgem3.jit.isa", forced);
            }
        }
    }

    @Test
    void fallsBackToTheCpuIfThePrecisionFailsOnTheGpu() {
        List<KernelProvider> installed = with(new Failing(ONE, Arithmetic.FP16));
        assertThat(names(choose("auto", Precision.AUTO, installed))).containsExactly("cpu");
        assertThat(names(choose("auto", Precision.BF16, installed))).containsExactly("cuda:0");
        assertRefused("precision: fp16 (expected: " + Arithmetic.cpuLabels()
                + "; fp16 is for GPUs, and none can be "
                + "used: cuda: its sums are off by one)", "auto", Precision.FP16, installed);
        assertRefused("kernels: fake cannot be used: its sums are off by one", "cuda", Precision.AUTO,
                installed);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"auto | AUTO | FP16 | cuda:0", "auto | FP16 | FP16 | cuda:0",
            "auto | BF16 | BF16 | cuda:0", "auto | FP32 | FP32 | cpu", "cpu | AUTO | FP32 | cpu",
            "cpu | FP32 | FP32 | cpu", "cuda | AUTO | FP16 | cuda:0", "cuda:0 | BF16 | BF16 | cuda:0",
            "cuda:3 | AUTO | FP16 | cuda:3", "cuda:2,0 | AUTO | FP16 | cuda:2 cuda:0",
            "cuda:all | AUTO | FP16 | cuda:0 cuda:1 cuda:2 cuda:3"})
    void choosesTheDeviceAndTheArithmetic(String device, Precision precision, Arithmetic arithmetic,
            String names) {
        BackendSelection selection = choose(device, precision, with(FOUR));
        assertThat(selection.arithmetic()).isEqualTo(arithmetic);
        assertThat(names(selection)).isEqualTo(List.of(names.split(" ")));
    }

    @Test
    void fallsBackToTheCpuAndWarnsIfADeviceIsPresent() {
        for (boolean seen : new boolean[]{true, false}) {
            FakeDevices provider = FakeDevices.unavailable("a library is missing, " + seen, seen);
            List<String> warnings = warnings(() -> {
                for (int i = 0; i < 2; i++) {
                    assertThat(names(choose("auto", Precision.AUTO, with(provider))))
                            .containsExactly("cpu");
                }
            });
            assertThat(warnings).isEqualTo(seen
                    ? List.of("using the CPU instead of cuda: a library is missing, true")
                    : List.of());
        }
    }

    /** Returns the messages of level WARNING and above that the work logs. */
    private static List<String> warnings(Runnable work) {
        List<String> messages = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord logged) {
                if (logged.getLevel().intValue() >= Level.WARNING.intValue()) {
                    messages.add(new SimpleFormatter().formatMessage(logged));
                }
            }

            @Override
            public void flush() {
                // Nothing is buffered.
            }

            @Override
            public void close() {
                // There is nothing to close.
            }
        };
        Logger logger = Logger.getLogger("dev.bgem3");
        logger.addHandler(handler);
        try {
            work.run();
        } finally {
            logger.removeHandler(handler);
        }
        return messages;
    }

    @Test
    void saysWhyARequestedDeviceCannotBeUsed() {
        assertRefused("device: cuda (expected: cpu or auto, as no cuda kernels are installed)", "cuda",
                Precision.AUTO, onlyCpu());
        assertRefused("device: cuda:1 cannot be used: there is no driver", "cuda:1", Precision.AUTO,
                with(FakeDevices.unavailable("there is no driver", false)));
        assertRefused("device: cuda:9 (expected: cuda:0, as this machine has 1)", "cuda:9", Precision.AUTO,
                with(ONE));
        assertRefused("device: cuda:0,4 (expected: cuda:0 .. cuda:3, as this machine has 4)", "cuda:0,4",
                Precision.AUTO, with(FOUR));
    }

    @Test
    void saysWhichPrecisionsADeviceOffers() {
        for (Precision precision : List.of(Precision.FP32, Precision.INT8)) {
            assertRefused("precision: " + precision.label()
                    + " (expected: fp16 or bf16, which is all that the fake kernels compute here)",
                    "cuda", precision, with(ONE));
        }
        assertRefused("precision: fp16 (expected: " + Arithmetic.cpuLabels() + "; fp16 is for GPUs)", "cpu",
                Precision.FP16, with(ONE));
        assertRefused(
                "precision: fp16 (expected: " + Arithmetic.cpuLabels()
                        + "; fp16 is for GPUs, and none can be "
                        + "used: cuda: there is no driver)",
                "auto", Precision.FP16,
                with(FakeDevices.unavailable("there is no driver", false)));
    }

    private static List<String> names(BackendSelection selection) {
        return selection.deviceRequests().stream().map(DeviceRequest::text).toList();
    }

    @Test
    void usesTheNamedKernelsOnTheirDevice() {
        LoadOptions.Builder options = LoadOptions.builder().kernels(KernelKind.SCALAR);
        assertThat(names(BackendSelection.choose(options.build().backend(), with(ONE))))
                .containsExactly("cpu");
        assertThatExceptionOfType(BackendException.class)
                .isThrownBy(
                        () -> BackendSelection.choose(options.device("cuda").build().backend(), with(ONE)))
                .withMessage("device: cuda (expected: cpu, where the scalar kernels compute)");
        LoadOptions.Builder fake = LoadOptions.builder().kernels(KernelKind.of("fake"));
        assertThat(names(BackendSelection.choose(fake.build().backend(), with(FOUR))))
                .containsExactly("cuda:0");
        assertThat(names(BackendSelection.choose(fake.device("cuda:3").build().backend(), with(FOUR))))
                .containsExactly("cuda:3");
        assertThatExceptionOfType(BackendException.class)
                .isThrownBy(
                        () -> BackendSelection.choose(fake.device("cpu").build().backend(), with(ONE)))
                .withMessage("device: cpu (expected: cuda, where the fake kernels compute)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "gpu", "CUDA", "cuda:", "cuda:x", "cuda:-1", "cuda:1,", "cuda:all,1", "cpu:0",
            "cuda:99999", "auto:1", "cuda:0, 1", "cuda:١"})
    void refusesTextsThatAreNotADevice(String device) {
        LoadOptions.Builder options = LoadOptions.builder();
        assertThatIllegalArgumentException().isThrownBy(() -> options.device(device))
                .withMessage("device: " + device
                        + " (expected: auto, cpu, cuda, cuda:N, cuda:N,N or cuda:all)");
    }

    @Test
    void refusesADeviceThatIsNamedTwice() {
        LoadOptions.Builder options = LoadOptions.builder();
        assertThatIllegalArgumentException().isThrownBy(() -> options.device("cuda:1,2,01"))
                .withMessage("device: cuda:1,2,01 (expected: each number once)");
    }
}
