package dev.bgem3.app.command;

import dev.bgem3.BgeM3;
import dev.bgem3.EncodeOptions;
import dev.bgem3.Output;
import dev.bgem3.Pooling;
import dev.bgem3.app.handler.EncodeHandler;
import dev.bgem3.app.handler.LineProgress;
import dev.bgem3.app.handler.LineWork;
import dev.bgem3.app.stream.LineReader;
import dev.bgem3.app.stream.ResultFile;
import dev.bgem3.app.stream.Streams;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "encode", description = "Computes the vectors and weights of texts.", footer = {"", """
        An output line is {"id": ..., "dense": [...], "sparse": {"<token id>": ...}, "colbert": [[...]...]} \
        with what was asked for; dense alone where nothing was. The id is the input's, or its line number \
        from 0."""})
final class EncodeCommand implements Callable<Integer> {
    private final Session session;

    @Mixin
    private ModelOptions model;
    @Mixin
    private InputOptions input;
    @Mixin
    private OutputOptions output;
    @Mixin
    private LengthOption length;

    @Option(names = "--dense", description = "One vector a text.")
    private boolean dense;

    @Option(names = "--sparse", description = "Lexical weights: one number for each different token.")
    private boolean sparse;

    @Option(names = "--colbert", description = """
            ColBERT vectors, one a token: the finest matching, and hundreds of times the room.""")
    private boolean colbert;

    @Option(names = "--batch-size", paramLabel = "N", defaultValue = "" + LineWork.DEFAULT_ITEMS, //
            description = """
                    The most texts that are read before their results are written; fewer at a time where \
                    they have over 32768 characters together, so that memory does not grow with N. Within \
                    them texts are computed longest first, 4096 tokens at a time on a CPU and as many as \
                    keep it busy on a GPU, without padding; more \
                    texts fill these batches better, fewer answer sooner. Results do not depend on it. \
                    Default: ${DEFAULT-VALUE}.""")
    private int batchSize;

    @Option(names = "--instruction", paramLabel = "TEXT", description = """
            Put before each text. BGE-M3 needs none.""")
    private Optional<String> instruction = Optional.empty();

    @Option(names = "--pooling", paramLabel = "cls|mean|last_token", converter = Labels.OfPooling.class, //
            description = """
                    How the dense vector is made. Any but the model's own, the default, gives vectors it \
                    was not trained for.""")
    private Optional<Pooling> pooling = Optional.empty();

    @Option(names = "--truncate-dim", paramLabel = "N", description = """
            Keep the first N dimensions of dense vectors: less room, less exact, unless the model was \
            trained for it.""")
    private Integer truncateDim;

    @Option(names = "--no-normalize", description = """
            Leave dense vectors at their own length; their dot product is then no cosine.""")
    private boolean noNormalize;

    @Option(names = "--tokens", description = """
            The keys of sparse are decoded tokens, for people; tokens that are written alike become one.""")
    private boolean tokens;

    EncodeCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        LineWork work = input.work(batchSize, session);
        EncodeOptions.Builder options = options();
        OptionValues.checked(options::build);
        model.check();
        warnOfOptionsWithoutEffect(session.streams());
        try (LineReader reader = input.open(session);
                ResultFile result = output.open(session);
                LineProgress progress = new LineProgress(session.streams(), reader);
                BgeM3 loaded = model.load(session)) {
            new EncodeHandler(loaded, options.build(), tokens, work, progress).run(reader,
                    input.textParser(), result);
            result.complete();
        }
        return ExitCodes.DONE;
    }

    private void warnOfOptionsWithoutEffect(Streams streams) {
        if (tokens && !sparse) {
            streams.say("warning: --tokens has no effect without --sparse");
        }
        if (!outputs().contains(Output.DENSE)
                && (pooling.isPresent() || truncateDim != null || noNormalize)) {
            streams.say(
                    "warning: --pooling, --truncate-dim and --no-normalize have no effect without --dense");
        }
    }

    private EncodeOptions.Builder options() {
        EncodeOptions.Builder options = length.encodeOptions().outputs(outputs()).normalize(!noNormalize);
        instruction.ifPresent(options::instruction);
        pooling.ifPresent(options::pooling);
        if (truncateDim != null) {
            options.truncateDim(truncateDim);
        }
        return options;
    }

    private Set<Output> outputs() {
        Set<Output> outputs = EnumSet.noneOf(Output.class);
        if (dense || !sparse && !colbert) {
            outputs.add(Output.DENSE);
        }
        if (sparse) {
            outputs.add(Output.SPARSE);
        }
        if (colbert) {
            outputs.add(Output.COLBERT);
        }
        return outputs;
    }
}
