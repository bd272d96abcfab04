package dev.bgem3.app.handler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.BgeM3;
import dev.bgem3.Device;
import dev.bgem3.KernelKind;
import dev.bgem3.KernelStatus;
import dev.bgem3.LoadOptions;
import dev.bgem3.Precision;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class InfoHandlerTest {
    private static final Path TINY = Path.of(System.getProperty("bgem3.root"), "src/fixtures/tiny-m3");

    @Test
    void explainsWhyOtherKernelsAreNotUsed() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        List<KernelStatus> kernels = List.of(
                status("gone", Device.CPU, Optional.of("a part is missing"), Map.of()),
                status("unwanted", Device.CPU, Optional.empty(), Map.of()),
                status("scalar", Device.CPU, Optional.empty(),
                        Map.of(Precision.INT8, "a sum is off by one")),
                status("slow", Device.CPU, Optional.empty(), Map.of()),
                status("lame", Device.CPU, Optional.of("a leg is missing"), Map.of()),
                status("cuda", Device.cuda(0), Optional.of("there is no driver"), Map.of()));
        try (BgeM3 model = BgeM3.load(TINY, LoadOptions.builder().kernels(KernelKind.SCALAR).build())) {
            new InfoHandler(kernels, new PrintStream(out, true)).run(model.info());
        }
        assertThat(out.toString().lines().map(String::strip)).containsSubsequence(
                "gone: not used, a part is missing", "unwanted: not used, others were asked for",
                "scalar: int8 refused, a sum is off by one",
                "slow: not used, others come first for this precision",
                "lame: not used, others come first for this precision; besides, a leg is missing",
                "devices     cpu: 1 thread, used", "cuda: not used, there is no driver");
        assertThat(out.toString()).doesNotContain("scalar: not used");
    }

    private static KernelStatus status(String name, Device device, Optional<String> unavailable,
            Map<Precision, String> refused) {
        return new KernelStatus(KernelKind.of(name), device, unavailable, refused);
    }
}
