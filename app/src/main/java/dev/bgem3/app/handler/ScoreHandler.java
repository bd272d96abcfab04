package dev.bgem3.app.handler;

import dev.bgem3.BgeM3;
import dev.bgem3.EncodeOptions;
import dev.bgem3.PairScores;
import dev.bgem3.ScoreWeights;
import dev.bgem3.TextPair;
import dev.bgem3.app.stream.LineReader;
import dev.bgem3.app.stream.ResultFile;
import dev.bgem3.app.wire.LineParser;
import dev.bgem3.app.wire.PairLine;
import dev.bgem3.app.wire.ResultWriter;
import java.util.List;

/**
 * Scores queries against passages.
 *
 * @param weights
 *            of the weighted scores
 * @param options
 *            the length and such; all three outputs are computed whatever they say
 */
public record ScoreHandler(BgeM3 model, ScoreWeights weights, EncodeOptions options) {
    /** Scores the pairs of an input. */
    public void run(LineReader reader, LineParser<PairLine> parser, LineWork work, Progress progress,
            ResultFile result) {
        ResultWriter writer = new ResultWriter(result.stream());
        try {
            work.run(reader, parser, pair -> pair.query().length() + pair.passage().length(), window -> {
                progress.beginWindow(2 * window.size());
                score(window, writer);
            });
        } finally {
            writer.flush();
        }
    }

    /** Scores pairs that the call itself gave. */
    public void run(List<PairLine> pairs, ResultFile result) {
        ResultWriter writer = new ResultWriter(result.stream());
        score(pairs, writer);
        writer.flush();
    }

    private void score(List<PairLine> pairs, ResultWriter writer) {
        List<PairScores> scores = model.computeScore(
                pairs.stream().map(pair -> new TextPair(pair.query(), pair.passage())).toList(), weights,
                options);
        for (int i = 0; i < pairs.size(); i++) {
            writer.scores(pairs.get(i).id(), scores.get(i));
        }
    }
}
