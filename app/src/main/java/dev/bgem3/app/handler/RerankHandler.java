package dev.bgem3.app.handler;

import dev.bgem3.ProgressListener;
import dev.bgem3.RerankOptions;
import dev.bgem3.RerankScore;
import dev.bgem3.Reranker;
import dev.bgem3.RunOptions;
import dev.bgem3.TextPair;
import dev.bgem3.app.stream.LineReader;
import dev.bgem3.app.stream.ResultFile;
import dev.bgem3.app.stream.Streams;
import dev.bgem3.app.wire.LineParser;
import dev.bgem3.app.wire.RerankLine;
import dev.bgem3.app.wire.ResultWriter;
import java.util.List;

/** Scores passages against queries with a reranker. */
public final class RerankHandler {
    /** A pair has four special tokens; a window adds two for each line. */
    private static final int TOKENS_AROUND_PAIR = 4;

    private final Reranker model;
    private final RerankOptions.Builder options;
    private final int top;
    private final int maxLength;
    private final SurrogateCount surrogates = new SurrogateCount();
    private long pairs;
    private long cutPairs;

    /**
     * Creates a handler.
     *
     * @param top
     *            the maximum number of passages to write per ranking
     * @throws UsageException
     *             if the options exceed the model's limits
     */
    public RerankHandler(Reranker model, RerankOptions.Builder options, int top) {
        this.model = model;
        this.options = options;
        this.top = top;
        int limit = model.info().maxLength();
        maxLength = options.build().maxLength().orElse(limit);
        ModelLimits.requireWithin("--max-length", maxLength, RerankOptions.MIN_LENGTH, limit,
                ", the model's limit");
    }

    /** Scores the lines of an input. */
    public void run(LineReader reader, LineParser<RerankLine> parser, LineWork work, LineProgress progress,
            ResultFile result) {
        ResultWriter writer = new ResultWriter(result.stream());
        try {
            work.run(reader, parser, RerankHandler::characters, window -> {
                progress.beginWindow(window.stream().mapToInt(line -> line.pairs().size()).sum());
                score(window, progress, writer);
                writer.flush();
                result.flush();
            });
        } finally {
            writer.flush();
        }
        warn(work.streams());
    }

    /** Scores the passages given as arguments. */
    public void run(RerankLine line, Streams streams, ResultFile result) {
        ResultWriter writer = new ResultWriter(result.stream());
        try (TextProgress progress = new TextProgress(streams, line.pairs().size())) {
            score(List.of(line), progress, writer);
        }
        writer.flush();
        warn(streams);
    }

    /** Counts the characters of all pairs of a line; each pair includes the query. */
    private static int characters(RerankLine line) {
        long characters = line.pairs().stream()
                .mapToLong(pair -> (long) pair.query().length() + pair.passage().length()
                        + TOKENS_AROUND_PAIR)
                .sum();
        // Any number beyond a window's limit will do; half of the maximum leaves room for the addition.
        return (int) Math.min(characters, Integer.MAX_VALUE / 2);
    }

    private void score(List<RerankLine> lines, ProgressListener progress, ResultWriter writer) {
        List<TextPair> all = lines.stream().flatMap(line -> line.pairs().stream()).toList();
        List<RerankScore> scores = model.score(all, options.build(),
                RunOptions.builder().progress(progress).build());
        pairs += scores.size();
        all.forEach(pair -> {
            surrogates.add(pair.query());
            surrogates.add(pair.passage());
        });
        cutPairs += scores.stream().filter(RerankScore::truncated).count();
        int from = 0;
        for (RerankLine line : lines) {
            List<RerankScore> own = scores.subList(from, from + line.pairs().size());
            if (line.ranked()) {
                writer.ranking(line.id(), own.stream().sorted(RerankScore.BEST_FIRST).limit(top).toList(),
                        from);
            } else {
                writer.score(line.id(), own.getFirst());
            }
            from += line.pairs().size();
        }
    }

    private void warn(Streams streams) {
        surrogates.warn(streams);
        if (cutPairs > 0) {
            streams.say("warning: " + cutPairs + " of " + pairs + " pairs were cut to " + maxLength
                    + " tokens, of which the query may have at most 3/4");
        }
    }
}
