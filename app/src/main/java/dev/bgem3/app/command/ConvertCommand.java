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
        with --packed, also stores the weights so that the model starts faster.""")
final class ConvertCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(index = "0", paramLabel = "MODEL-IN", description = """
            The model to read: a folder or a name, as for --model.""")
    private String modelIn;

    @Parameters(index = "1", arity = "0..1", paramLabel = "DIR-OUT", description = """
            The folder to write: new or empty; its files appear only when all are complete. With --packed it \
            may be left out: the packed weights are then written to MODEL-IN.""")
    private Optional<Path> dirOut;

    @Option(names = "--dtype", paramLabel = "fp32|fp16|bf16", //
            converter = Labels.OfWeightType.class, description = """
                    The type of the numbers on disk: fp32 keeps every bit and takes twice the space of the \
                    others; fp16 rounds to 11 significant bits and refuses a weight beyond 65504; bf16 holds \
                    any weight and rounds to 8 significant bits. Default: fp16.""")
    private Optional<WeightType> dtype;

    @Option(names = "--packed", description = """
            Also store the weights in the layout of this machine's kernels, in one file for each precision \
            beside the model. The next start maps the file instead of packing the weights, and all processes \
            share its memory. A file takes as many bits a weight as its precision has, and is ignored when \
            the model or the kernels have changed.""")
    private boolean packed;

    @Option(names = "--precision", paramLabel = "PRECISION", split = ",", //
            converter = Labels.OfPrecision.class, completionCandidates = Labels.PackedPrecisions.class, //
            description = """
                    The precisions that --packed stores the weights for, separated by commas, of: \
                    ${COMPLETION-CANDIDATES}. Default: all that this machine's kernels compute.""")
    private List<Precision> precisions = List.of();

    ConvertCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        check();
        Path folder = session.models().find(Optional.of(modelIn));
        Optional<PackHandler> packing = packed
                ? Optional.of(new PackHandler(session.streams(), precisions))
                : Optional.empty();
        try (WriteProgress progress = new WriteProgress(session.streams())) {
            dirOut.ifPresent(
                    target -> ModelConverter.convert(folder, target, dtype.orElse(WeightType.FP16),
                            progress));
        }
        packing.ifPresent(handler -> handler.run(dirOut.orElse(folder)));
        return ExitCodes.DONE;
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
                        + Labels.inWords(new Labels.PackedPrecisions()) + ")");
            }
        }
    }
}
