package dev.bgem3;

import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.KernelProviders;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The paths of the checked-in models. */
public final class Fixtures {
    /** The project's root folder. */
    public static final Path ROOT = Path.of(System.getProperty("bgem3.root"));

    /** The fixtures' folder. */
    public static final Path FOLDER = ROOT.resolve("src/fixtures");

    /** The tiny model as fp32 {@code pytorch_model.bin}. */
    public static final Path TINY = FOLDER.resolve("tiny-m3");

    /** The tiny model in three layouts. */
    public static final List<Path> TINY_LAYOUTS = List.of(TINY, FOLDER.resolve("tiny-m3-safetensors"),
            FOLDER.resolve("tiny-m3-sharded"));

    /** A tiny cross-encoder. */
    public static final Path RERANKER = FOLDER.resolve("tiny-reranker");

    /** A tiny model with the architecture of multilingual-e5-small. */
    public static final Path E5 = FOLDER.resolve("tiny-e5");

    /** The small model that is embedded by default. */
    public static final Path MINI = ROOT.resolve("models/bge-m3-mini");

    /** Returns the names of the kernels that this machine can run. */
    public static Stream<String> availableKernels() {
        return KernelProviders.all().stream().filter(provider -> provider.unavailable().isEmpty())
                .map(KernelProvider::name);
    }

    private Fixtures() {}
}
