package dev.bgem3.app.command;

import dev.bgem3.PackedWeights;
import dev.bgem3.Precision;
import dev.bgem3.app.handler.PackHandler;
import dev.bgem3.app.handler.UsageException;
import dev.bgem3.app.handler.WriteProgress;
import dev.bgem3.convert.ModelConverter;
import dev.bgem3.convert.WeightType;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "convert", description = """
        Rewrites any readable model folder as one model.safetensors with its configuration and tokenizer; \
        with --packed, keeps beside a model what makes it start faster.""")
final class ConvertCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(index = "0", paramLabel = "MODEL-IN", description = """
            The model to read: a folder or a name, as for --model.""")
    private String modelIn;

    @Parameters(index = "1", arity = "0..1", paramLabel = "DIR-OUT", description = """
            The folder to write: new or empty, and filled only when all is complete. With --packed it may be \
            left out: the packed weights are then kept in MODEL-IN.""")
    private Optional<Path> dirOut;

    @Option(names = "--dtype", paramLabel = "fp32|fp16|bf16", //
            converter = Labels.OfPrecision.class, description = """
                    The numbers on disk: fp32 keeps every bit at twice the room; fp16 rounds to 11 bits and \
                    refuses a weight beyond 65504; bf16 holds any size and rounds to 8 bits. \
                    Default: fp16.""")
    private Optional<Precision> dtype;

    @Option(names = "--packed", description = """
            Keep the weights beside the model also as this machine's kernels lay them out, one file for each \
            precision: the next start maps it, in place of packing, and all processes share its memory. \
            It takes 4, 2 or 1 bytes a weight for fp32, bf16 or int8, and is left unused when the model or \
            the kernels change.""")
    private boolean packed;

    @Option(names = "--precision", paramLabel = Labels.CPU_PRECISIONS, split = ",", //
            converter = Labels.OfPrecision.class, description = """
                    Which precisions --packed is for, with commas between them. \
                    Default: each that this machine's kernels compute.""")
    private List<Precision> precisions = List.of();

    ConvertCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        check();
        WeightType type = weightType(dtype.orElse(Precision.FP16));
        Path folder = session.models().find(Optional.of(modelIn));
        Optional<PackHandler> packing = packed
                ? Optional.of(new PackHandler(session.streams(), precisions))
                : Optional.empty();
        try (WriteProgress progress = new WriteProgress(session.streams())) {
            dirOut.ifPresent(
                    target -> ModelConverter.convert(folder, target, type,
                            progress));
        }
        packing.ifPresent(handler -> handler.run(dirOut.orElse(folder)));
        return ExitCodes.DONE;
    }

    private static WeightType weightType(Precision precision) {
        return switch (precision) {
            case FP32 -> WeightType.FP32;
            case FP16 -> WeightType.FP16;
            case BF16 -> WeightType.BF16;
            default -> throw new UsageException(
                    "--dtype: " + precision.label() + " (expected: fp32, fp16 or bf16)");
        };
    }

    private void check() {
        OptionValues.notEmpty("MODEL-IN", modelIn, "a folder, or a name as for --model");
        dirOut.ifPresent(target -> OptionValues.notEmpty("DIR-OUT", target.toString(), "a folder to write"));
        if (dirOut.isEmpty() && !packed) {
            throw new UsageException(
                    "Missing required parameter: 'DIR-OUT' (it may be left out with --packed)");
        }
        if (dirOut.isEmpty() && dtype.isPresent()) {
            throw new UsageException("--dtype without DIR-OUT (expected: a folder to write)");
        }
        if (!precisions.isEmpty() && !packed) {
            throw new UsageException("--precision without --packed (expected: --packed)");
        }
        for (Precision precision : precisions) {
            if (!PackedWeights.PRECISIONS.contains(precision)) {
                throw new UsageException("--precision: " + precision.label() + " (expected: "
                        + Labels.inWords(Labels.CPU_PRECISIONS) + ")");
            }
        }
    }
}
