package dev.bgem3.app.command;

import dev.bgem3.BgeM3;
import dev.bgem3.LoadOptions;
import dev.bgem3.ModelInfo;
import dev.bgem3.Reranker;
import dev.bgem3.app.handler.DemoHandler;
import dev.bgem3.app.handler.InfoHandler;
import dev.bgem3.app.handler.VerifyHandler;
import dev.bgem3.app.stream.ResultFile;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The commands that take only a model and print text for people. */
abstract sealed class ModelCommands implements Callable<Integer> {
    private final Session session;

    @Mixin
    private ModelOptions model;

    private ModelCommands(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        LoadOptions options = model.check();
        Path folder = model.folder(session);
        try (ResultFile result = ResultFile.open("-", session.streams())) {
            PrintStream out = new PrintStream(result.stream(), false, StandardCharsets.UTF_8);
            int exitCode = run(folder, options, out);
            out.flush();
            result.complete();
            return exitCode;
        }
    }

    int run(Path folder, LoadOptions options, PrintStream out) {
        try (BgeM3 loaded = BgeM3.load(folder, options)) {
            return run(loaded, out);
        }
    }

    abstract int run(BgeM3 loaded, PrintStream out);

    @Command(name = "demo", description = """
            Runs the tutorial: the dense, sparse, ColBERT and weighted scores of its four sentences. For \
            BGE-M3 itself it also shows the published figures.""")
    static final class Demo extends ModelCommands {
        Demo(Session session) {
            super(session);
        }

        @Override
        int run(BgeM3 loaded, PrintStream out) {
            new DemoHandler(loaded, out).run();
            return ExitCodes.DONE;
        }
    }

    @Command(name = "info", description = """
            Shows what the model folder contains, its sizes, and the kernels and devices that would be \
            used.""")
    static final class Info extends ModelCommands {
        Info(Session session) {
            super(session);
        }

        @Override
        int run(Path folder, LoadOptions options, PrintStream out) {
            if (!Reranker.isReranker(folder)) {
                return super.run(folder, options, out);
            }
            try (Reranker loaded = Reranker.load(folder, options)) {
                return run(loaded.info(), out);
            }
        }

        @Override
        int run(BgeM3 loaded, PrintStream out) {
            return run(loaded.info(), out);
        }

        private static int run(ModelInfo info, PrintStream out) {
            new InfoHandler(BgeM3.kernels(), out).run(info);
            return ExitCodes.DONE;
        }
    }

    @Command(name = "verify", description = """
            Compares this model with the published figures of BGE-M3, row by row. The exit code is 1 if one \
            differs, as it does for any other model.""")
    static final class Verify extends ModelCommands {
        Verify(Session session) {
            super(session);
        }

        @Override
        int run(BgeM3 loaded, PrintStream out) {
            return new VerifyHandler(loaded, out).run() ? ExitCodes.DONE : ExitCodes.FAILED;
        }
    }
}
