package dev.bgem3.app.handler;

import dev.bgem3.KernelStatus;
import dev.bgem3.ModelInfo;
import dev.bgem3.Output;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Tells what a model folder holds, and what would compute it. */
public final class InfoHandler {
    private final List<KernelStatus> kernels;
    private final PrintStream out;

    /**
     * Sets the work up.
     *
     * @param kernels
     *            those that are installed, the preferred first
     */
    public InfoHandler(List<KernelStatus> kernels, PrintStream out) {
        this.kernels = kernels;
        this.out = out;
    }

    /** Prints a line for each thing. */
    public void run(ModelInfo info) {
        line("folder", "%s", info.folder());
        line("weights", "%s; %s; %,.1f million", String.join(", ", info.weightFiles()), info.weightDtype(),
                info.parameterCount() / 1e6);
        line("encoder", "%d layers, hidden %,d, %d heads, intermediate %,d", info.layerCount(),
                info.hiddenSize(),
                info.headCount(), info.intermediateSize());
        line("vocabulary", "%,d token ids", info.vocabSize());
        line("max length", "%,d tokens", info.maxLength());
        line("outputs", "%s", Arrays.stream(Output.values()).map(output -> output(info, output))
                .collect(Collectors.joining(", ")));
        line("pooling", "%s", info.pooling().label());
        line("precision", "%s", info.precision().label());
        kernels(info);
        line("devices", "cpu: %d %s, used", info.threads(), info.threads() == 1 ? "thread" : "threads");
        line("", "cuda: not used, %s", Devices.NO_CUDA);
    }

    private static String output(ModelInfo info, Output output) {
        if (!info.outputs().contains(output)) {
            return output.label() + " (no: the folder has no head for it)";
        }
        return switch (output) {
            case DENSE -> output.label() + " (" + info.hiddenSize() + ")";
            case SPARSE -> output.label();
            case COLBERT -> output.label() + " (" + info.colbertDimension() + ")";
        };
    }

    /** Those that are used, then why each of the others is not. */
    private void kernels(ModelInfo info) {
        line("kernels", "%s, used", info.kernelDescription());
        boolean later = false;
        for (KernelStatus status : kernels) {
            if (status.name().equals(info.kernels())) {
                later = true;
            } else {
                line("", "%s: not used, %s", status.name(), status.unavailable()
                        .orElse(later ? "others come first for this precision" : "others were asked for"));
            }
        }
    }

    private void line(String name, String format, Object... values) {
        out.printf(Locale.ROOT, "%-12s" + format + "%n",
                Stream.concat(Stream.of(name), Arrays.stream(values)).toArray());
    }
}
