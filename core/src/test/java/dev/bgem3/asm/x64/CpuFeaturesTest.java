package dev.bgem3.asm.x64;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CpuFeaturesTest {
    @BeforeEach
    void needsX86() {
        String processor = System.getProperty("os.arch");
        assumeTrue(List.of("amd64", "x86_64").contains(processor),
                () -> "assembled code needs x86-64, not " + processor);
    }

    @Test
    void printsFeaturesThatLinuxShows() throws IOException {
        CpuFeatures cpu = CpuFeatures.ofThisMachine();
        assertThat(cpu.toString()).contains(": ").doesNotContain("\0");
        Path cpuinfo = Path.of("/proc/cpuinfo");
        assumeTrue(Files.exists(cpuinfo), "no /proc/cpuinfo to compare with");
        List<String> flags = Files.readAllLines(cpuinfo).stream().filter(line -> line.startsWith("flags"))
                .flatMap(line -> List.of(line.split("\\s+")).stream()).toList();
        for (CpuFeature feature : CpuFeature.values()) {
            assertThat(cpu.has(feature)).as(feature.toString()).isEqualTo(flags.contains(feature.toString()));
        }
    }
}
