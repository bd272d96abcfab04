package dev.bgem3.app.command;

import dev.bgem3.BgeM3;
import dev.bgem3.LoadOptions;
import dev.bgem3.Precision;
import dev.bgem3.Reranker;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Which model, and what computes it. */
final class ModelOptions {
    @Option(names = "--model", paramLabel = "DIR-or-name", description = {
            "A model folder, a folder below models/, or owner/name of one in the Hugging Face cache.", """
                    Default: $BGEM3_MODEL, else BGE-M3 in models/bge-m3 or in the Hugging Face cache, else \
                    the small demonstration model; for rerank bge-reranker-v2-m3 in one of these places."""})
    private Optional<String> model = Optional.empty();

    @Option(names = "--device", paramLabel = "auto|cpu|cuda|cuda:N,N|cuda:all", defaultValue = "auto", //
            description = """
                    What computes. cuda, the first NVIDIA GPU, is far faster where many texts wait, takes \
                    some seconds to start, and rounds to fp16; cpu needs nothing and gives the reference's \
                    numbers. cuda:1 is another GPU; of several each holds the whole model, and they share \
                    the work. auto is cuda where it can be used in this precision, else cpu. \
                    Default: ${DEFAULT-VALUE}.""")
    private String device;

    @Option(names = "--precision", paramLabel = Labels.PRECISIONS, defaultValue = "auto", //
            converter = Labels.OfPrecision.class, description = """
                    The arithmetic of the products: fewer bits are faster and less exact; fp32 gives the \
                    reference's numbers. auto is fp32 on a CPU and fp16 on a GPU. Default: ${DEFAULT-VALUE}.""")
    private Precision precision;

    @Option(names = "--threads", paramLabel = "N", defaultValue = "0", description = """
            How many threads compute. More are faster up to the number of cores; the results are the same \
            bits. 0, the default, is as many as there are cores.""")
    private int threads;

    /** The options that need no model, checked. */
    LoadOptions check() {
        checkName();
        return OptionValues.checked(() -> LoadOptions.builder().device(device).precision(precision)
                .threads(threads).build());
    }

    Path folder(Session session) {
        return session.models().find(model);
    }

    private void checkName() {
        model.ifPresent(name -> OptionValues.notEmpty("--model", name, "a folder, or a name on the hub"));
    }

    /** A reranker: another default than the other commands'. */
    Reranker loadReranker(Session session) {
        LoadOptions options = check();
        return Reranker.load(session.models().findReranker(model), options);
    }

    BgeM3 load(Session session) {
        LoadOptions options = check();
        return BgeM3.load(folder(session), options);
    }
}
