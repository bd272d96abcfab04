package dev.bgem3.app.command;

import dev.bgem3.BgeM3;
import dev.bgem3.EncodeOptions;
import dev.bgem3.ScoreWeights;
import dev.bgem3.app.handler.ExplainHandler;
import dev.bgem3.app.handler.UsageException;
import dev.bgem3.app.page.Picture;
import dev.bgem3.app.stream.ResultFile;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "explain", description = """
        Draws how a model compares a query with passages: their scores, the lexical weights of their tokens, \
        and the tokens that ColBERT matches. The result is one HTML file that needs no network.""")
final class ExplainCommand implements Callable<Integer> {
    private final Session session;

    @Mixin
    private ModelOptions model;
    @Mixin
    private LengthOption length;
    @Mixin
    private WeightsOption weights;

    @Option(names = "--query", paramLabel = "TEXT", required = true, description = "The query.")
    private String query;

    @Option(names = "--passage", paramLabel = "TEXT", required = true, description = """
            A passage to compare with the query. Repeat it for more passages, up to 100.""")
    private List<String> passages;

    @Option(names = "--output", paramLabel = "FILE|-", defaultValue = "-", description = """
            The HTML. A FILE is written when all is there; - is standard output, the default.""")
    private String output;

    ExplainCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        if (passages.size() > Picture.MAX_PASSAGES) {
            throw new UsageException("--passage: given " + passages.size() + " times (expected: at most "
                    + Picture.MAX_PASSAGES + ")");
        }
        ScoreWeights parsed = weights.value();
        EncodeOptions.Builder options = length.encodeOptions();
        OptionValues.checked(options::build);
        model.check();
        try (ResultFile result = OutputOptions.open(output, session); BgeM3 loaded = model.load(session)) {
            new ExplainHandler(loaded, parsed, options).run(query, passages, session.streams(), result);
            result.complete();
        }
        return ExitCodes.DONE;
    }
}
