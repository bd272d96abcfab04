package dev.bgem3.app.command;

import dev.bgem3.app.handler.WriteProgress;
import dev.bgem3.convert.SyntheticModel;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "synth", description = """
        Writes a random model in fp16, for benchmarks: what it computes means nothing. The default is \
        BGE-M3's size, 1.1 GB.""")
final class SynthCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(index = "0", paramLabel = "DIR", description = """
            The folder to write: new or empty, and filled only when all is complete.""")
    private Path dir;

    @Option(names = "--layers", paramLabel = "N", defaultValue = "24", description = """
            Encoder layers. Default: ${DEFAULT-VALUE}.""")
    private int layers;

    @Option(names = "--hidden", paramLabel = "N", defaultValue = "1024", description = """
            Dimension of the vectors, a multiple of --heads. Default: ${DEFAULT-VALUE}.""")
    private int hidden;

    @Option(names = "--heads", paramLabel = "N", defaultValue = "16", description = """
            Attention heads of a layer. Default: ${DEFAULT-VALUE}.""")
    private int heads;

    @Option(names = "--intermediate", paramLabel = "N", defaultValue = "4096", description = """
            Width of the feed-forward part. Default: ${DEFAULT-VALUE}.""")
    private int intermediate;

    @Option(names = "--vocab", paramLabel = "N", defaultValue = "250002", description = """
            Token ids. Default: ${DEFAULT-VALUE}.""")
    private int vocab;

    @Option(names = "--max-positions", paramLabel = "N", defaultValue = "8194", description = """
            Rows of the position table, two more than the most tokens of a text. \
            Default: ${DEFAULT-VALUE}.""")
    private int maxPositions;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "0", description = """
            The same seed and sizes give the same bytes. Default: ${DEFAULT-VALUE}.""")
    private long seed;

    @Option(names = "--tokenizer", paramLabel = "DIR", description = """
            A model folder or name whose tokenizer is copied, of --vocab ids. Default: a made-up \
            vocabulary, which knows no words.""")
    private Optional<String> tokenizer = Optional.empty();

    SynthCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        OptionValues.notEmpty("DIR", dir.toString(), "a folder to write");
        tokenizer.ifPresent(name -> OptionValues.notEmpty("--tokenizer", name, "a folder, or a name"));
        var sizes = OptionValues.checked(() -> new SyntheticModel.Sizes(layers, hidden, heads, intermediate,
                vocab, maxPositions));
        Optional<Path> tokenizerFolder = tokenizer.map(name -> session.models().find(Optional.of(name)));
        try (WriteProgress progress = new WriteProgress(session.streams())) {
            SyntheticModel.write(dir, sizes, seed, tokenizerFolder, progress);
        }
        return ExitCodes.DONE;
    }
}
