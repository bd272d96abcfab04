package dev.bgem3.app.handler;

import dev.bgem3.app.stream.LineReader;
import dev.bgem3.app.stream.ResultFile;
import dev.bgem3.app.wire.LineParser;
import dev.bgem3.app.wire.ResultWriter;
import dev.bgem3.app.wire.TextLine;
import dev.bgem3.tokenizer.Encoding;
import dev.bgem3.tokenizer.Tokenizer;
import java.util.List;

/**
 * Splits the texts of an input into tokens.
 *
 * @param maxLength
 *            the maximum number of tokens in a text, including special ones
 */
public record TokenizeHandler(Tokenizer tokenizer, int maxLength, LineWork work,
        LineProgress progress) {
    /** Tokenizes all lines, and warns at the end if texts were truncated. */
    public void run(LineReader reader, LineParser<TextLine> parser, ResultFile result) {
        long[] textsAndCut = new long[2];
        SurrogateCount surrogates = new SurrogateCount();
        ResultWriter writer = new ResultWriter(result.stream());
        try {
            work.run(reader, parser, line -> line.input().text().length(), window -> {
                tokenize(window, writer, textsAndCut);
                window.forEach(line -> surrogates.add(line.input().text()));
                writer.flush();
                result.flush();
            });
        } finally {
            writer.flush();
        }
        surrogates.warn(work.streams());
        if (textsAndCut[1] > 0) {
            work.streams().say("warning: " + textsAndCut[1] + " of " + textsAndCut[0]
                    + " texts were longer than " + maxLength + " tokens and were cut");
        }
    }

    private void tokenize(List<TextLine> window, ResultWriter writer, long[] textsAndCut) {
        progress.beginWindow(window.size());
        long tokens = 0;
        for (TextLine line : window) {
            Encoding encoding = tokenizer.encode(line.input().text(), maxLength);
            int[] ids = encoding.ids();
            textsAndCut[0]++;
            textsAndCut[1] += encoding.truncated() ? 1 : 0;
            tokens += ids.length;
            writer.tokens(line.id(), ids, tokenizer::piece);
        }
        progress.onProgress(window.size(), tokens);
    }
}
