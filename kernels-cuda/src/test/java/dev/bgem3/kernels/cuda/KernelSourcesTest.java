package dev.bgem3.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.testsupport.TestSizes;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Compiles the CUDA sources for the oldest and the newest supported GPUs, if nvcc is on the PATH; in short
 * tests each source for one of them.
 */
class KernelSourcesTest {
    @TempDir
    private Path folder;

    private static Optional<Path> nvcc() {
        return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .map(entry -> Path.of(entry, "nvcc")).filter(Files::isExecutable).findFirst();
    }

    @ParameterizedTest
    @CsvSource({"products, sm_80 sm_90a, 0", "embeddings, sm_80 sm_90a, 1", "norms, sm_80 sm_90a, 0",
            "rows, sm_80 sm_90a, 1", "attention, sm_80 sm_90a, 0", "attention90, sm_90a sm_90a, 1"})
    void compiles(String program, String architectures, int inShort)
            throws IOException, InterruptedException {
        Optional<Path> nvcc = nvcc();
        assumeTrue(nvcc.isPresent(), "no nvcc on the PATH");
        Path source = Files.writeString(folder.resolve(program + ".cu"),
                KernelCompiler.source(program + ".cu"));
        // 177 warns about unused declarations; the common header declares more than each source uses.
        String[] architecture = architectures.split(" ");
        for (int bf16 : TestSizes.pick(new int[]{inShort}, new int[]{0, 1})) {
            Process process = new ProcessBuilder(nvcc.orElseThrow().toString(), "-cubin", "-std=c++17",
                    "-Werror=all-warnings", "-diag-suppress", "177",
                    "-gencode=arch=" + architecture[bf16].replace("sm_", "compute_") + ",code="
                            + architecture[bf16],
                    "-DBF16=" + bf16, "-o", folder.resolve("out").toString(), source.toString())
                    .redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
            assertThat(process.exitValue()).as("%s for %s: %s", program, architecture[bf16], said).isZero();
        }
    }

    @Test
    void inlinesIncludes() {
        assertThat(KernelCompiler.source("rows.cu")).doesNotContain("#include").contains("Element");
    }
}
