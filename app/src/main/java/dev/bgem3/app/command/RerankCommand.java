package dev.bgem3.app.command;

import dev.bgem3.RerankOptions;
import dev.bgem3.Reranker;
import dev.bgem3.TextPair;
import dev.bgem3.app.handler.LineProgress;
import dev.bgem3.app.handler.LineWork;
import dev.bgem3.app.handler.RerankHandler;
import dev.bgem3.app.handler.UsageException;
import dev.bgem3.app.stream.LineReader;
import dev.bgem3.app.stream.ResultFile;
import dev.bgem3.app.wire.JsonLines;
import dev.bgem3.app.wire.RerankLine;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "rerank", description = """
        Scores passages against queries with a reranker, such as bge-reranker-v2-m3. It reads each pair \
        together, which is slower than comparing vectors, as score does, and better.""", footer = {"", """
        The input is JSON Lines, whatever its name. {"id": any, "query": "...", "passage": "..."} gives \
        {"id": ..., "score": x}; {"id": any, "query": "...", "passages": ["...", ...]}, like --query with \
        --passage, gives {"id": ..., "results": [{"index": n, "score": x}, ...]}, the best first."""})
final class RerankCommand implements Callable<Integer> {
    private final Session session;

    @Mixin
    private ModelOptions model;
    @Mixin
    private InputOptions input;
    @Mixin
    private OutputOptions output;

    @Option(names = "--query", paramLabel = "TEXT", description = "The query, instead of an input.")
    private Optional<String> query = Optional.empty();

    @Option(names = "--passage", paramLabel = "TEXT", description = "A passage to rank for --query.")
    private List<String> passages = List.of();

    @Option(names = "--normalize", description = """
            Map scores to between 0 and 1 with a sigmoid, as FlagEmbedding's normalize=True does. By default \
            they are the model's raw scores, of any size and sign.""")
    private boolean normalize;

    @Option(names = "--max-length", paramLabel = "N", description = """
            The maximum number of tokens in a pair, including its four special tokens: the query is cut to \
            3/4 of it, then the passage to what is left. Less is faster but ignores the end; FlagEmbedding's \
            default is 512. Default: the model's limit, 8192 for bge-reranker-v2-m3.""")
    private Integer maxLength;

    @Option(names = "--top", paramLabel = "N", description = """
            Write the best N passages of each ranking. Default: all.""")
    private int top = Integer.MAX_VALUE;

    RerankCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        if (top < 1) {
            throw new UsageException("--top: " + top + " (expected: at least 1)");
        }
        Optional<RerankLine> line = line();
        RerankOptions.Builder options = RerankOptions.builder().normalize(normalize);
        if (maxLength != null) {
            options.maxLength(maxLength);
        }
        OptionValues.checked(options::build);
        model.check();
        if (line.isPresent()) {
            try (ResultFile result = output.open(session); Reranker loaded = model.loadReranker(session)) {
                new RerankHandler(loaded, options, top).run(line.get(), session.streams(), result);
                result.complete();
            }
            return ExitCodes.DONE;
        }
        LineWork work = input.work(LineWork.DEFAULT_ITEMS, session);
        try (LineReader reader = input.openJson(session);
                ResultFile result = output.open(session);
                LineProgress progress = new LineProgress(session.streams(), reader);
                Reranker loaded = model.loadReranker(session)) {
            new RerankHandler(loaded, options, top).run(reader, JsonLines.rerank(), work, progress, result);
            result.complete();
        }
        return ExitCodes.DONE;
    }

    /** Returns the query and passages that the arguments give. */
    private Optional<RerankLine> line() {
        if (query.isEmpty() && passages.isEmpty()) {
            return Optional.empty();
        }
        if (input.given()) {
            throw new UsageException(
                    "--input: given together with --query or --passage (expected: one or the other)");
        }
        if (query.isEmpty() || passages.isEmpty()) {
            throw new UsageException(
                    (query.isEmpty() ? "--passage without --query" : "--query without --passage")
                            + " (expected: both)");
        }
        return Optional.of(new RerankLine("0",
                passages.stream().map(passage -> new TextPair(query.get(), passage)).toList(), true));
    }
}
