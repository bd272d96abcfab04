package dev.bgem3.app.command;

import dev.bgem3.ModelConverter;
import dev.bgem3.Precision;
import dev.bgem3.app.handler.UsageException;
import dev.bgem3.app.handler.WriteProgress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "convert", description = """
        Rewrites any readable model folder as one model.safetensors with its configuration and tokenizer.""")
final class ConvertCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(index = "0", paramLabel = "MODEL-IN", description = """
            The model to read: a folder or a name, as for --model.""")
    private String modelIn;

    @Parameters(index = "1", paramLabel = "DIR-OUT", description = """
            The folder to write: new or empty, and there only when it is complete.""")
    private Path dirOut;

    @Option(names = "--dtype", paramLabel = "fp32|fp16|bf16", defaultValue = "fp16", //
            converter = Labels.OfPrecision.class, description = """
                    The numbers on disk: fp32 keeps every bit at twice the room; fp16 rounds to 11 bits and \
                    refuses a weight beyond 65504; bf16 holds any size and rounds to 8 bits. \
                    Default: ${DEFAULT-VALUE}.""")
    private Precision dtype;

    ConvertCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        if (dtype == Precision.AUTO || dtype == Precision.INT8) {
            throw new UsageException(
                    "--dtype: " + dtype.label() + " (expected: fp32, fp16 or bf16)");
        }
        Path folder = session.models().find(Optional.of(modelIn));
        try (WriteProgress progress = new WriteProgress(session.streams())) {
            ModelConverter.convert(folder, dirOut, dtype, progress);
        }
        return ExitCodes.DONE;
    }
}
