package dev.bgem3.app.handler;

import dev.bgem3.app.stream.LineReader;
import dev.bgem3.app.stream.ResultFile;
import dev.bgem3.app.wire.LineParser;
import dev.bgem3.app.wire.ResultWriter;
import dev.bgem3.app.wire.TextLine;
import dev.bgem3.tokenizer.XlmRobertaTokenizer;

/**
 * Cuts the texts of an input into tokens.
 *
 * @param maxLength
 *            the most tokens of a text, {@code <s>} and {@code </s>} included
 */
public record TokenizeHandler(XlmRobertaTokenizer tokenizer, int maxLength, LineWork work) {
    /** Tokenizes all lines. */
    public void run(LineReader reader, LineParser<TextLine> parser, ResultFile result) {
        ResultWriter writer = new ResultWriter(result.stream());
        try {
            work.run(reader, parser, line -> line.text().length(),
                    window -> window.forEach(line -> writer.tokens(line.id(),
                            tokenizer.encode(line.text(), maxLength).ids(), tokenizer::piece)));
        } finally {
            writer.flush();
        }
    }
}
