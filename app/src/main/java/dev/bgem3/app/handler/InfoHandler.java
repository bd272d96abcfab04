package dev.bgem3.app.handler;

import dev.bgem3.BgeM3;
import dev.bgem3.LoadOptions;
import dev.bgem3.ModelInfo;
import dev.bgem3.Output;
import dev.bgem3.error.BackendException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Tells what a model folder holds, and what would compute it. */
public final class InfoHandler {
    /** The kernels of a CPU, the preferred first. */
    private static final List<String> CPU_KERNELS = List.of("vector", "scalar");

    private final Path folder;
    private final PrintStream out;

    /** Tells of a folder. */
    public InfoHandler(Path folder, PrintStream out) {
        this.folder = folder;
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
        line("kernels", "%s, used", info.kernelDescription());
        for (String kernels : CPU_KERNELS) {
            if (!kernels.equals(info.kernels())) {
                line("", "%s: not used, %s", kernels, whyNot(kernels, info));
            }
        }
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

    private String whyNot(String kernels, ModelInfo info) {
        if (CPU_KERNELS.indexOf(kernels) > CPU_KERNELS.indexOf(info.kernels())) {
            return "they are slower";
        }
        try (BgeM3 model = BgeM3.load(folder,
                LoadOptions.builder().kernels(kernels).threads(info.threads()).build())) {
            return "others were asked for, but they could serve: " + model.info().kernelDescription();
        } catch (BackendException e) {
            return e.getMessage();
        }
    }

    private void line(String name, String format, Object... values) {
        out.printf(Locale.ROOT, "%-12s" + format + "%n",
                Stream.concat(Stream.of(name), Arrays.stream(values)).toArray());
    }
}
