package dev.bgem3.app.command;

import dev.bgem3.BgeM3;
import dev.bgem3.LoadOptions;
import dev.bgem3.app.handler.BenchHandler;
import dev.bgem3.app.stream.ResultFile;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "bench", description = """
        Measures the encoder and its heads on random token ids and prints one JSON line.""", footer = {"",
        """
                A pass computes all of the model's outputs for --batch texts of --tokens random ids each, \
                from a fixed seed. A warm-up of at least two passes and one second is not measured. The \
                measurement takes at least --repeat passes and one second.""",
        """
                gflops counts the encoder alone: layers * (2*T*(4*C*C + 2*C*F) + 4*T*L*C) / time, where \
                T = batch * tokens, L = tokens, C = hidden size, F = intermediate size. peak_rss_mb (MiB) is \
                null if the system does not report it."""})
final class BenchCommand implements Callable<Integer> {
    private final Session session;

    @Mixin
    private ModelOptions model;

    @Option(names = "--batch", paramLabel = "N", required = true, description = """
            The number of texts in a pass. One measures latency; more measure throughput.""")
    private int batch;

    @Option(names = "--tokens", paramLabel = "N", required = true, description = """
            The number of tokens in each text. Attention's share of the time grows with it.""")
    private int tokens;

    @Option(names = "--repeat", paramLabel = "N", defaultValue = "5", description = """
            The minimum number of passes to measure: more take longer and vary less. \
            Default: ${DEFAULT-VALUE}.""")
    private int repeat;

    BenchCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        LoadOptions options = model.check();
        Path folder = model.folder(session);
        long start = System.nanoTime();
        try (BgeM3 loaded = BgeM3.load(folder, options);
                ResultFile result = ResultFile.open("-", session.streams())) {
            new BenchHandler(loaded, System.nanoTime() - start, batch, tokens, repeat).run(session.streams(),
                    result);
            result.complete();
        }
        return ExitCodes.DONE;
    }
}
