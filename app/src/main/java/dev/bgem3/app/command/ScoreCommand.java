package dev.bgem3.app.command;

import dev.bgem3.BgeM3;
import dev.bgem3.EncodeOptions;
import dev.bgem3.ScoreWeights;
import dev.bgem3.TextPair;
import dev.bgem3.app.handler.LineProgress;
import dev.bgem3.app.handler.LineWork;
import dev.bgem3.app.handler.ScoreHandler;
import dev.bgem3.app.handler.UsageException;
import dev.bgem3.app.stream.LineReader;
import dev.bgem3.app.stream.ResultFile;
import dev.bgem3.app.wire.JsonLines;
import dev.bgem3.app.wire.PairLine;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "score", description = "Scores queries against passages.", footer = {"", """
        The input is JSON Lines, {"id": any, "query": "...", "passage": "..."}, whatever its name. An output \
        line is {"id": ..., "dense": x, "sparse": x, "colbert": x, "sparse+dense": x, \
        "colbert+sparse+dense": x}."""})
final class ScoreCommand implements Callable<Integer> {
    private final Session session;

    @Mixin
    private ModelOptions model;
    @Mixin
    private InputOptions input;
    @Mixin
    private OutputOptions output;
    @Mixin
    private LengthOption length;
    @Mixin
    private WeightsOption weights;

    @Option(names = "--query", paramLabel = "TEXT", description = """
            A query, instead of an input. One query is scored with every --passage, several with one each.""")
    private List<String> queries = List.of();

    @Option(names = "--passage", paramLabel = "TEXT", description = """
            A passage to score against its --query.""")
    private List<String> passages = List.of();

    ScoreCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        ScoreWeights parsed = weights.value();
        List<PairLine> pairs = pairs();
        EncodeOptions.Builder options = length.encodeOptions();
        OptionValues.checked(options::build);
        model.check();
        if (!pairs.isEmpty()) {
            try (ResultFile result = output.open(session); BgeM3 loaded = model.load(session)) {
                new ScoreHandler(loaded, parsed, options).run(pairs, session.streams(), result);
                result.complete();
            }
            return ExitCodes.DONE;
        }
        LineWork work = input.work(LineWork.DEFAULT_ITEMS, session);
        try (LineReader reader = input.openJson(session);
                ResultFile result = output.open(session);
                LineProgress progress = new LineProgress(session.streams(), reader);
                BgeM3 loaded = model.load(session)) {
            new ScoreHandler(loaded, parsed, options).run(reader, JsonLines.pairs(), work, progress, result);
            result.complete();
        }
        return ExitCodes.DONE;
    }

    private List<PairLine> pairs() {
        if (queries.isEmpty() && passages.isEmpty()) {
            return List.of();
        }
        if (input.given()) {
            throw new UsageException(
                    "--input: given together with --query or --passage (expected: one or the other)");
        }
        if (passages.isEmpty() || queries.size() != 1 && queries.size() != passages.size()) {
            throw new UsageException(
                    "--query, --passage: " + queries.size() + " and " + passages.size()
                            + " (expected: one query, or as many as passages)");
        }
        List<PairLine> pairs = new ArrayList<>();
        for (int i = 0; i < passages.size(); i++) {
            pairs.add(new PairLine(Integer.toString(i),
                    new TextPair(queries.get(queries.size() == 1 ? 0 : i), passages.get(i))));
        }
        return pairs;
    }
}
