package dev.bgem3.app.handler;

import dev.bgem3.BgeM3;
import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.RunOptions;
import dev.bgem3.app.stream.LineReader;
import dev.bgem3.app.stream.ResultFile;
import dev.bgem3.app.wire.LineParser;
import dev.bgem3.app.wire.ResultWriter;
import dev.bgem3.app.wire.TextLine;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Encodes the texts of an input. */
public final class EncodeHandler {
    private final BgeM3 model;
    private final EncodeOptions options;
    private final Function<Embedding, Map<String, Float>> tokenNames;
    private final LineWork work;
    private final LineProgress progress;
    private final SurrogateCount surrogates = new SurrogateCount();
    private long texts;
    private long cutTexts;

    /**
     * Creates a handler.
     *
     * @param options
     *            what to compute
     * @param namedTokens
     *            whether the keys of lexical weights are decoded tokens instead of ids
     */
    public EncodeHandler(BgeM3 model, EncodeOptions options, boolean namedTokens, LineWork work,
            LineProgress progress) {
        this.model = model;
        this.options = options;
        this.tokenNames = namedTokens
                ? embedding -> model.convertIdToToken(embedding.lexicalWeights())
                : null;
        this.work = work;
        this.progress = progress;
    }

    /**
     * Encodes all lines, and warns at the end if texts were truncated.
     *
     * @throws UsageException
     *             if the options exceed the model's limits
     */
    public void run(LineReader reader, LineParser<TextLine> parser, ResultFile result) {
        ModelLimits.check(model, options);
        ResultWriter writer = new ResultWriter(result.stream());
        try {
            work.run(reader, parser, line -> line.input().text().length(), window -> {
                encode(window, writer);
                writer.flush();
                result.flush();
            });
        } finally {
            writer.flush();
        }
        surrogates.warn(work.streams());
        if (cutTexts > 0) {
            int limit = options.maxLength().orElse(model.info().defaultMaxLength());
            work.streams().say("warning: " + cutTexts + " of " + texts + " texts were longer than " + limit
                    + " tokens and were cut");
        }
    }

    private void encode(List<TextLine> window, ResultWriter writer) {
        progress.beginWindow(window.size());
        List<Embedding> embeddings = model.encodeInputs(window.stream().map(TextLine::input).toList(),
                options,
                RunOptions.builder().progress(progress).build());
        for (int i = 0; i < window.size(); i++) {
            Embedding embedding = embeddings.get(i);
            texts++;
            surrogates.add(window.get(i).input().text());
            cutTexts += embedding.truncated() ? 1 : 0;
            writer.embedding(window.get(i).id(), embedding, tokenNames);
        }
    }
}
