package dev.bgem3.app.handler;

import dev.bgem3.app.stream.LineReader;
import dev.bgem3.app.stream.ResultFile;
import dev.bgem3.app.wire.LineParser;
import dev.bgem3.app.wire.ResultWriter;
import dev.bgem3.app.wire.TextLine;
import dev.bgem3.tokenizer.XlmRobertaTokenizer;
import java.util.List;

/**
 * Cuts the texts of an input into tokens.
 *
 * @param maxLength
 *            the most tokens of a text, {@code <s>} and {@code </s>} included
 */
public record TokenizeHandler(XlmRobertaTokenizer tokenizer, int maxLength, LineWork work,
        LineProgress progress) {
    /** Tokenizes all lines. */
    public void run(LineReader reader, LineParser<TextLine> parser, ResultFile result) {
        ResultWriter writer = new ResultWriter(result.stream());
        try {
            work.run(reader, parser, line -> line.text().length(), window -> {
                tokenize(window, writer);
                writer.flush();
                result.flush();
            });
        } finally {
            writer.flush();
        }
    }

    private void tokenize(List<TextLine> window, ResultWriter writer) {
        progress.beginWindow(window.size());
        long tokens = 0;
        for (TextLine line : window) {
            int[] ids = tokenizer.encode(line.text(), maxLength).ids();
            tokens += ids.length;
            writer.tokens(line.id(), ids, tokenizer::piece);
        }
        progress.onProgress(window.size(), tokens);
    }
}
