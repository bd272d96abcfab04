package dev.bgem3.app.handler;

import dev.bgem3.Device;
import dev.bgem3.KernelStatus;
import dev.bgem3.ModelInfo;
import dev.bgem3.Output;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Prints what a model folder contains, and the kernels and devices that would compute it. */
public final class InfoHandler {
    private final List<KernelStatus> kernels;
    private final PrintStream out;

    /**
     * Creates a handler.
     *
     * @param kernels
     *            the installed kernels in order of preference
     */
    public InfoHandler(List<KernelStatus> kernels, PrintStream out) {
        this.kernels = kernels;
        this.out = out;
    }

    /** Prints one property per line. */
    public void run(ModelInfo info) {
        line("folder", "%s", info.folder());
        line("weights", "%s; %s; %,.1f million", String.join(", ", info.weightFiles()), info.weightDtype(),
                info.parameterCount() / 1e6);
        info.adapter().ifPresent(adapter -> line("adapter", "%s, merged", adapter));
        line("encoder", "%d layers, hidden %,d, %d heads, intermediate %,d", info.layerCount(),
                info.hiddenSize(),
                info.headCount(), info.intermediateSize());
        line("vocabulary", "%,d token ids", info.vocabSize());
        line("max length", info.defaultMaxLength() < info.maxLength()
                ? "%,d tokens, cut to %,d unless --max-length says otherwise"
                : "%,d tokens", info.maxLength(), info.defaultMaxLength());
        if (info.isReranker()) {
            line("outputs", "the score of a query and a passage (%s): a reranker",
                    info.scoreLabel().orElseThrow());
        } else {
            line("outputs", "%s", Arrays.stream(Output.values()).map(output -> output(info, output))
                    .collect(Collectors.joining(", ")));
            line("pooling", "%s", info.pooling().label());
        }
        prompts(info);
        line("precision", "%s", info.precision().label());
        kernels(info);
        devices(info);
    }

    /** Prints one prompt per line, quoted since most end in a space. */
    private void prompts(ModelInfo info) {
        String heading = "prompts";
        for (Map.Entry<String, String> prompt : info.prompts().entrySet()) {
            boolean isDefault = info.defaultPromptName().filter(prompt.getKey()::equals).isPresent();
            line(heading, "%s: \"%s\"%s", printable(prompt.getKey()), printable(prompt.getValue()),
                    isDefault ? ", the default" : "");
            heading = "";
        }
    }

    private static String printable(String text) {
        return text.replaceAll("\\p{Cntrl}", " ");
    }

    private static String output(ModelInfo info, Output output) {
        if (!info.outputs().contains(output)) {
            return output.label() + " (no: the folder has no head for it)";
        }
        return switch (output) {
            case DENSE -> output.label() + " (" + info.denseDimension() + ")";
            case SPARSE -> output.label();
            case COLBERT -> output.label() + " (" + info.colbertDimension() + ")";
        };
    }

    /**
     * Prints the kernels in use, why each of the others for the same kind of device is not used, and which
     * precisions failed their self-test.
     */
    private void kernels(ModelInfo info) {
        line("kernels", "%s, used", info.kernelDescription());
        boolean onCpu = onCpu(info);
        boolean later = false;
        for (KernelStatus status : kernels) {
            if (status.kernels().equals(info.kernels())) {
                later = true;
            } else if (isCpu(status) == onCpu) {
                line("", "%s: not used, %s", status.kernels(), whyNot(status, later));
            }
            status.refused().forEach((precision, why) -> line("", "%s: %s refused, %s", status.kernels(),
                    precision.label(), why));
        }
    }

    private static String whyNot(KernelStatus status, boolean later) {
        String others = "others come first for this precision";
        return status.unavailable().map(why -> later ? others + "; besides, " + why : why)
                .orElse(later ? others : "others were asked for");
    }

    /** Prints the devices in use, then why those of the other kind are not used. */
    private void devices(ModelInfo info) {
        String threads = info.threads() + (info.threads() == 1 ? " thread" : " threads");
        boolean onCpu = onCpu(info);
        line("devices", "%s, used", onCpu
                ? Device.CPU + ": " + threads
                : info.devices().stream().map(Device::toString).collect(Collectors.joining(", ")));
        String other = onCpu ? "cuda" : "cpu";
        List<KernelStatus> unused = kernels.stream().filter(status -> isCpu(status) != onCpu).toList();
        line("", "%s: not used, %s", other, unused.isEmpty()
                ? "no " + other + " kernels are installed"
                : whyNot(unused));
    }

    private static String whyNot(List<KernelStatus> unused) {
        if (unused.stream().anyMatch(status -> status.unavailable().isEmpty())) {
            return "another device was asked for, or comes first for this precision";
        }
        return unused.getFirst().unavailable().orElseThrow();
    }

    private static boolean onCpu(ModelInfo info) {
        return info.devices().contains(Device.CPU);
    }

    private static boolean isCpu(KernelStatus status) {
        return status.device().equals(Device.CPU);
    }

    private void line(String name, String format, Object... values) {
        out.printf(Locale.ROOT, "%-12s" + format + "%n",
                Stream.concat(Stream.of(name), Arrays.stream(values)).toArray());
    }
}
