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

/** Keeps a model's weights beside it as this machine's kernels read them, for a faster start. */
public final class PackedWeights {
    /** The precisions that weights can be packed for: those in which CPUs compute. */
    public static final List<Precision> PRECISIONS = Arrays.stream(Precision.values())
            .filter(precision -> precision.arithmetic().filter(Arithmetic::isForCpu).isPresent()).toList();

    private PackedWeights() {}

    /**
     * Packs a model's linear layers for a precision as the kernels that would compute it on this machine lay
     * them out, and keeps them in a file beside the model: {@code model.<layout>.packed}. Whoever loads the
     * model for such kernels then maps the file in place of packing, and shares its memory with others that
     * do. The file takes 4 bytes for each weight in fp32, 2 in bf16, 1 in int8. It is left unused where it
     * fits neither the model nor the kernels any more, or is damaged.
     *
     * {@snippet file="dev/bgem3/sample/ConvertSamplesTest.java" region="pack"}
     *
     * @param folder
     *            the model, in any readable layout
     * @param precision
     *            one of {@link #PRECISIONS}
     * @param listener
     *            told how much is written; what it throws ends the work, and nothing is left
     * @return the file
     * @throws ModelException
     *             where the model cannot be read or the file cannot be written
     * @throws BackendException
     *             where no kernels compute that precision here, or the ones that do have no layout to keep
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
     * Finds out whether there are kernels for {@link #write} to pack for, before the work; whether their
     * layout can be kept it does not.
     *
     * @throws BackendException
     *             where no kernels compute that precision here
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
