package dev.bgem3;

import dev.bgem3.convert.WriteListener;
import dev.bgem3.engine.BackendSelection;
import dev.bgem3.error.BackendException;
import dev.bgem3.error.ModelException;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.model.ModelFolder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/** Stores a model's weights in the layout of this machine's kernels, so that the model loads faster. */
public final class PackedWeights {
    /** The precisions that weights can be packed for, which are those that CPUs compute in. */
    public static final List<Precision> PRECISIONS = Arrays.stream(Precision.values())
            .filter(precision -> precision.arithmetic().filter(Arithmetic::isForCpu).isPresent()).toList();

    private PackedWeights() {}

    /**
     * Packs a model's linear layers in the layout of the kernels that this machine would use for a precision,
     * and writes them to a file beside the model: {@code model.<layout>.packed}. A process that loads the
     * model for such kernels then maps the file instead of packing the weights, and shares its memory with
     * other such processes. The file takes 4 bytes for each weight in fp32, 2 in bf16, 1 in int8. Loading
     * ignores a file that is damaged or no longer matches the model or the kernels.
     *
     * {@snippet file="dev/bgem3/sample/ConvertSamplesTest.java" region="pack"}
     *
     * @param folder
     *            the model, in any layout that can be read
     * @param precision
     *            one of {@link #PRECISIONS}
     * @param listener
     *            called with the number of bytes written; if it throws, no file is left
     * @return the file
     * @throws ModelException
     *             if the model cannot be read or the file cannot be written
     * @throws BackendException
     *             if no kernels compute that precision here, or the layout of those that do cannot be stored
     */
    public static Path write(Path folder, Precision precision, WriteListener listener) {
        Objects.requireNonNull(folder, "folder");
        Objects.requireNonNull(precision, "precision");
        Objects.requireNonNull(listener, "listener");
        BackendSelection backend = backend(precision);
        try (ModelFolder model = ModelFolder.open(folder);
                Kernels kernels = backend.open(0, Runtime.getRuntime().availableProcessors())) {
            return model.writePacked(kernels, listener::onWritten).orElseThrow(() -> new BackendException(
                    "kernels: " + kernels.description()
                            + " (expected: ones whose packed weights can be kept)"));
        }
    }

    /**
     * Checks that there are kernels that {@link #write} can pack for, before the work starts. Does not check
     * whether their layout can be stored.
     *
     * @throws BackendException
     *             if no kernels compute that precision here
     */
    public static void checkKernels(Precision precision) {
        Objects.requireNonNull(precision, "precision");
        backend(precision);
    }

    private static BackendSelection backend(Precision precision) {
        if (!PRECISIONS.contains(precision)) {
            throw new IllegalArgumentException(
                    "precision: " + precision.label() + " (expected: " + Arithmetic.cpuLabels() + ")");
        }
        return BackendSelection.choose(
                LoadOptions.builder().device("cpu").precision(precision).build().backend(),
                KernelProviders.all());
    }
}
