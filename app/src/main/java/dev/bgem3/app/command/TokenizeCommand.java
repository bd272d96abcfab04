package dev.bgem3.app.command;

import dev.bgem3.ModelFiles;
import dev.bgem3.app.handler.LineProgress;
import dev.bgem3.app.handler.LineWork;
import dev.bgem3.app.handler.TokenizeHandler;
import dev.bgem3.app.handler.UsageException;
import dev.bgem3.app.stream.LineReader;
import dev.bgem3.app.stream.ResultFile;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "tokenize", description = """
        Splits texts into tokens; needs only the tokenizer's files of a model folder.""", footer = {"", """
        An output line is {"id": ..., "ids": [...], "tokens": [...]}, with the tokens as they are in the \
        vocabulary."""})
final class TokenizeCommand implements Callable<Integer> {
    private static final int MIN_LENGTH = 2;

    private final Session session;

    @Mixin
    private ModelOptions model;
    @Mixin
    private InputOptions input;
    @Mixin
    private OutputOptions output;

    @Option(names = "--max-length", paramLabel = "N", description = """
            The maximum number of tokens in a text, including <s> and </s>; the rest is cut off. \
            Default: no limit.""")
    private int maxLength = Integer.MAX_VALUE;

    TokenizeCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        if (maxLength < MIN_LENGTH) {
            throw new UsageException(
                    "--max-length: " + maxLength + " (expected: at least " + MIN_LENGTH + ")");
        }
        model.check();
        LineWork work = input.work(LineWork.DEFAULT_ITEMS, session);
        Path folder = model.folder(session);
        try (LineReader reader = input.open(session);
                ResultFile result = output.open(session);
                LineProgress progress = new LineProgress(session.streams(), reader)) {
            new TokenizeHandler(ModelFiles.loadTokenizer(folder), maxLength, work, progress).run(reader,
                    input.textParser(), result);
            result.complete();
        }
        return ExitCodes.DONE;
    }
}
