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
        Writes a random model in fp16, for benchmarks; its results are meaningless. The default is BGE-M3's \
        size, 1.1 GB.""")
final class SynthCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(index = "0", paramLabel = "DIR", description = """
            The folder to write, new or empty. Its files appear only when all are complete.""")
    private Path dir;

    @Option(names = "--layers", paramLabel = "N", defaultValue = "24", description = """
            The number of encoder layers. Default: ${DEFAULT-VALUE}.""")
    private int layers;

    @Option(names = "--hidden", paramLabel = "N", defaultValue = "1024", description = """
            The dimension of the vectors, a multiple of --heads. Default: ${DEFAULT-VALUE}.""")
    private int hidden;

    @Option(names = "--heads", paramLabel = "N", defaultValue = "16", description = """
            The number of attention heads in a layer. Default: ${DEFAULT-VALUE}.""")
    private int heads;

    @Option(names = "--intermediate", paramLabel = "N", defaultValue = "4096", description = """
            The width of the feed-forward layers. Default: ${DEFAULT-VALUE}.""")
    private int intermediate;

    @Option(names = "--vocab", paramLabel = "N", defaultValue = "250002", description = """
            The number of token ids. Default: ${DEFAULT-VALUE}.""")
    private int vocab;

    @Option(names = "--max-positions", paramLabel = "N", defaultValue = "8194", description = """
            The number of rows in the position table: two more than the maximum number of tokens in a text. \
            Default: ${DEFAULT-VALUE}.""")
    private int maxPositions;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "0", description = """
            The random seed; the same seed and sizes give the same bytes. Default: ${DEFAULT-VALUE}.""")
    private long seed;

    @Option(names = "--tokenizer", paramLabel = "DIR", description = """
            The folder or name of a model whose tokenizer, of --vocab ids, is copied. Default: a made-up \
            vocabulary without words.""")
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
