package dev.bgem3.app.command;

import dev.bgem3.BgeM3;
import dev.bgem3.LoadOptions;
import dev.bgem3.Precision;
import dev.bgem3.Reranker;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The options for the model, its device and its precision. */
final class ModelOptions {
    @Option(names = "--model", paramLabel = "DIR-or-name", description = {
            "A model folder, a folder in models/, or owner/name of a model in the Hugging Face cache.", """
                    Default: $BGEM3_MODEL, else BGE-M3 in models/bge-m3 or in the Hugging Face cache, else \
                    the small demonstration model; for rerank bge-reranker-v2-m3 in one of these places."""})
    private Optional<String> model = Optional.empty();

    @Option(names = "--device", paramLabel = "auto|cpu|cuda|cuda:N,N|cuda:all", defaultValue = "auto", //
            description = """
                    The device that computes. cuda, the first NVIDIA GPU, is far faster for many texts, \
                    takes some seconds to start, and rounds to fp16; cpu needs no GPU and gives the \
                    reference's numbers. cuda:1 is another GPU; several share the work, and each holds the \
                    whole model. auto is cuda if it can be used in this precision, else cpu. \
                    Default: ${DEFAULT-VALUE}.""")
    private String device;

    @Option(names = "--precision", paramLabel = "PRECISION", defaultValue = "auto", //
            converter = Labels.OfPrecision.class, completionCandidates = Labels.Precisions.class, //
            description = """
                    The precision of matrix products, one of: ${COMPLETION-CANDIDATES}. Fewer bits are \
                    faster and less exact; fp32 gives the reference's numbers. auto is fp32 on a CPU and \
                    fp16 on a GPU. Default: ${DEFAULT-VALUE}.""")
    private Precision precision;

    @Option(names = "--threads", paramLabel = "N", defaultValue = "0", description = """
            The number of threads that compute. More are faster up to the number of cores; the results are \
            bit-identical. 0, the default, means one per core.""")
    private int threads;

    /** Checks the options that can be checked without loading the model. */
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

    /** Loads a reranker, whose default differs from the other commands'. */
    Reranker loadReranker(Session session) {
        LoadOptions options = check();
        return Reranker.load(session.models().findReranker(model), options);
    }

    BgeM3 load(Session session) {
        LoadOptions options = check();
        return BgeM3.load(folder(session), options);
    }
}
