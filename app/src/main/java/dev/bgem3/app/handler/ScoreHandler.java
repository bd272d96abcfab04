package dev.bgem3.app.handler;

import dev.bgem3.BgeM3;
import dev.bgem3.EncodeOptions;
import dev.bgem3.Output;
import dev.bgem3.PairScores;
import dev.bgem3.ProgressListener;
import dev.bgem3.RunOptions;
import dev.bgem3.ScoreWeights;
import dev.bgem3.TextPair;
import dev.bgem3.app.stream.LineReader;
import dev.bgem3.app.stream.ResultFile;
import dev.bgem3.app.stream.Streams;
import dev.bgem3.app.wire.LineParser;
import dev.bgem3.app.wire.PairLine;
import dev.bgem3.app.wire.ResultWriter;
import java.util.EnumSet;
import java.util.List;

/** Scores queries against passages. */
public final class ScoreHandler {
    private final BgeM3 model;
    private final ScoreWeights weights;
    private final EncodeOptions.Builder options;
    private final int maxLength;
    private final SurrogateCount surrogates = new SurrogateCount();
    private long texts;
    private long cutTexts;

    /**
     * Creates a handler.
     *
     * @param weights
     *            the weights of the weighted scores
     * @param options
     *            the options, of which the outputs are replaced by all three
     * @throws UsageException
     *             if the options exceed the model's limits
     */
    public ScoreHandler(BgeM3 model, ScoreWeights weights, EncodeOptions.Builder options) {
        this.model = model;
        this.weights = weights;
        this.options = options.outputs(EnumSet.allOf(Output.class));
        ModelLimits.check(model, options.build());
        maxLength = options.build().maxLength().orElse(model.info().defaultMaxLength());
    }

    /** Scores the pairs of an input. */
    public void run(LineReader reader, LineParser<PairLine> parser, LineWork work, LineProgress progress,
            ResultFile result) {
        ResultWriter writer = new ResultWriter(result.stream());
        try {
            // LineWork counts a line as one text, but this one has two.
            work.run(reader, parser,
                    line -> line.pair().query().length() + line.pair().passage().length()
                            + LineWork.TOKENS_AROUND_TEXT,
                    window -> {
                        progress.beginWindow(texts(window));
                        score(window, progress, writer);
                        writer.flush();
                        result.flush();
                    });
        } finally {
            writer.flush();
        }
        warn(work.streams());
    }

    /** Scores the pairs given as arguments. */
    public void run(List<PairLine> pairs, Streams streams, ResultFile result) {
        ResultWriter writer = new ResultWriter(result.stream());
        try (TextProgress progress = new TextProgress(streams, texts(pairs))) {
            score(pairs, progress, writer);
        }
        writer.flush();
        warn(streams);
    }

    /** Counts the texts to compute; one that several pairs share is computed once. */
    private static int texts(List<PairLine> lines) {
        return (int) (lines.stream().map(line -> line.pair().query()).distinct().count()
                + lines.stream().map(line -> line.pair().passage()).distinct().count());
    }

    private void score(List<PairLine> lines, ProgressListener progress, ResultWriter writer) {
        List<PairScores> scores = model.computeScore(lines.stream().map(PairLine::pair).toList(), weights,
                options.build(), RunOptions.builder().progress(progress).build());
        for (int i = 0; i < lines.size(); i++) {
            TextPair pair = lines.get(i).pair();
            texts += 2;
            surrogates.add(pair.query());
            surrogates.add(pair.passage());
            cutTexts += (isCut(model.info().queryPrompt(), pair.query()) ? 1 : 0)
                    + (isCut(model.info().passagePrompt(), pair.passage()) ? 1 : 0);
            writer.scores(lines.get(i).id(), scores.get(i));
        }
    }

    private boolean isCut(String prompt, String text) {
        return model.tokenizer().encode(prompt + text, maxLength).truncated();
    }

    private void warn(Streams streams) {
        surrogates.warn(streams);
        if (cutTexts > 0) {
            streams.say("warning: " + cutTexts + " of " + texts + " texts were longer than " + maxLength
                    + " tokens and were cut");
        }
    }
}
