package dev.bgem3.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.Fixtures;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.kernel.Kernels;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoadedPagesTest {
    /** Linux's list of the mappings of this process, with the size of each in memory. */
    private static final Path MAPPINGS = Path.of("/proc/self/smaps");
    private static final int BYTES_OF_A_NUMBER = 2; // of fp16

    @Test
    void keepsOnlyAboutALayerOfTheFileInMemoryWhileLoading(@TempDir Path temporary) throws IOException {
        assumeTrue(Files.exists(MAPPINGS), "no " + MAPPINGS + " here: pages in memory cannot be counted");
        for (String name : new String[]{"config.json", "model.safetensors"}) {
            Files.copy(Fixtures.MINI.resolve(name), temporary.resolve(name));
        }
        AtomicLong most = new AtomicLong();
        try (ModelFolder folder = ModelFolder.open(temporary);
                Kernels scalar = KernelProviders.named("scalar", Arithmetic.FP32).open(Arithmetic.FP32, 1,
                        0)) {
            Kernels watched = (Kernels) Proxy.newProxyInstance(Kernels.class.getClassLoader(),
                    new Class<?>[]{Kernels.class}, (_, method, arguments) -> {
                        try {
                            return method.invoke(scalar, arguments);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        } finally {
                            most.accumulateAndGet(bytesInMemory(temporary), Math::max);
                        }
                    });
            folder.loadEncoder(watched);
            long hidden = folder.config().hiddenSize();
            long layer = (4 * hidden + 2L * folder.config().intermediateSize()) * hidden * BYTES_OF_A_NUMBER;
            long layers = layer * folder.config().layerCount();
            assertThat(most.get()).as("bytes of the file in memory, where a layer is %d and all are %d",
                    layer, layers).isBetween(layer / 2, 2 * layer).isLessThan(layers);
        }
    }

    private static long bytesInMemory(Path folder) throws IOException {
        long kilobytes = 0;
        boolean inFolder = false;
        for (String line : Files.readAllLines(MAPPINGS)) {
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                inFolder = line.contains(folder.toString());
            } else if (inFolder && line.startsWith("Rss:")) {
                kilobytes += Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        }
        return kilobytes << 10;
    }
}
