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
        with the outputs that were requested, or only dense if none was. The id is the input's, or its line \
        number from 0."""})
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

    @Option(names = "--dense", description = "One vector per text.")
    private boolean dense;

    @Option(names = "--sparse", description = "Lexical weights: one number per distinct token.")
    private boolean sparse;

    @Option(names = "--colbert", description = """
            ColBERT vectors, one per token: the finest matching, at hundreds of times the size.""")
    private boolean colbert;

    @Option(names = "--batch-size", paramLabel = "N", defaultValue = "" + LineWork.DEFAULT_ITEMS, //
            description = """
                    The maximum number of texts to read before their results are written; fewer if they have \
                    over 32768 characters together, so that memory does not grow with N. They are computed \
                    longest first and without padding, in batches of 4096 tokens on a CPU and of as many as \
                    keep it busy on a GPU; more texts fill these batches better, fewer give results sooner. \
                    The results do not depend on it. Default: ${DEFAULT-VALUE}.""")
    private int batchSize;

    @Option(names = "--instruction", paramLabel = "TEXT", description = """
            A text to put before each input. BGE-M3 needs none.""")
    private Optional<String> instruction = Optional.empty();

    @Option(names = "--pooling", paramLabel = "cls|mean|last_token", converter = Labels.OfPooling.class, //
            description = """
                    How the dense vector is computed from the token vectors. The model was trained with one \
                    kind of pooling, its default; others give worse vectors.""")
    private Optional<Pooling> pooling = Optional.empty();

    @Option(names = "--truncate-dim", paramLabel = "N", description = """
            Keep only the first N dimensions of dense vectors: smaller and, unless the model was trained for \
            it, less exact.""")
    private Integer truncateDim;

    @Option(names = "--no-normalize", description = """
            Do not normalize dense vectors; their dot product is then not their cosine.""")
    private boolean noNormalize;

    @Option(names = "--tokens", description = """
            Use decoded tokens as the keys of sparse, for human readers; tokens that decode to the same text \
            become one.""")
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
