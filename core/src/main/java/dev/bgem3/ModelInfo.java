package dev.bgem3;

import dev.bgem3.engine.BackendSelection;
import dev.bgem3.engine.ModelSession;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.model.Classifier;
import dev.bgem3.model.ModelConfig;
import dev.bgem3.model.ModelFolder;
import dev.bgem3.model.SentenceTransformersFiles;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What a model folder holds and what serves it.
 *
 * @param folder
 *            the folder as it was named
 * @param weightFiles
 *            the names of the files that the weights were read from
 * @param weightDtype
 *            the element type of the encoder's weights on disk: {@code fp32}, {@code fp16}, {@code bf16}
 * @param outputs
 *            what the model can compute: dense always, the others if it has their heads; nothing of these where it is
 *            a cross-encoder
 * @param pooling
 *            how its dense vectors are made
 * @param hiddenSize
 *            the dimension of dense vectors
 * @param layerCount
 *            the encoder's layers
 * @param headCount
 *            the attention heads of a layer
 * @param intermediateSize
 *            the width of the feed-forward part
 * @param vocabSize
 *            the number of token ids
 * @param maxLength
 *            the most tokens of a text, {@code <s>} and {@code </s>} included
 * @param defaultMaxLength
 *            the most tokens of a text where a call does not say: the same, or less where {@code sentence_bert_config.json} has less
 * @param colbertDimension
 *            the dimension of ColBERT vectors; 0 without their head
 * @param prompts
 *            what may come before a text, by name, from {@code config_sentence_transformers.json}
 * @param defaultPromptName
 *            which of them comes before a text unless something else does
 * @param scoreLabel
 *            what a cross-encoder's {@code id2label} calls its score; empty for any other model
 * @param parameterCount
 *            the number of weights read, heads included
 * @param kernels
 *            the name of the kernels that serve
 * @param kernelDescription
 *            what they found on this machine
 * @param precision
 *            the arithmetic of the products
 * @param devices
 *            what computes: {@code cpu}, or GPUs such as {@code cuda:0}
 * @param threads
 *            how many threads of the host compute
 */
public record ModelInfo(Path folder, List<String> weightFiles, String weightDtype, Set<Output> outputs,
        Pooling pooling, int hiddenSize, int layerCount, int headCount, int intermediateSize, int vocabSize,
        int maxLength, int defaultMaxLength, int colbertDimension, SequencedMap<String, String> prompts,
        Optional<String> defaultPromptName, Optional<String> scoreLabel, long parameterCount, String kernels,
        String kernelDescription,
        Precision precision, List<String> devices, int threads) {
    /** Of a model that is loaded. */
    static ModelInfo of(ModelSession session) {
        ModelFolder folder = session.folder();
        ModelConfig config = folder.config();
        boolean encodes = folder.classifier().isEmpty();
        Set<Output> outputs = EnumSet.noneOf(Output.class);
        if (encodes) {
            outputs.add(Output.DENSE);
        }
        if (encodes && folder.sparseHead().isPresent()) {
            outputs.add(Output.SPARSE);
        }
        if (encodes && folder.colbertHead().isPresent()) {
            outputs.add(Output.COLBERT);
        }
        // Those of a cross-encoder say how sentence-transformers compares, which is not asked for here.
        SentenceTransformersFiles files = encodes
                ? folder.sentenceTransformers()
                : SentenceTransformersFiles.NONE;
        int maxLength = session.maxLength();
        Kernels kernels = session.kernels();
        BackendSelection backend = session.backend();
        return new ModelInfo(folder.folder(), folder.fileNames(), folder.weightDtype(), outputs,
                files.pooling().map(Pooling::of).orElse(Pooling.CLS),
                config.hiddenSize(), config.layerCount(), config.headCount(), config.intermediateSize(),
                config.vocabSize(), maxLength,
                Math.min(maxLength, files.maxLength().orElse(maxLength)),
                encodes ? folder.colbertDimension() : 0, files.prompts(), files.defaultPromptName(),
                folder.classifier().map(Classifier::label), folder.parameterCount(),
                backend.provider().name(), kernels.description(),
                Precision.of(backend.arithmetic()), backend.deviceNames(), kernels.threads());
    }

    /** Whether this is a cross-encoder, for {@link Reranker}. */
    public boolean isReranker() {
        return scoreLabel.isPresent();
    }

    /** What comes before a text unless something else does: the prompt of {@code default_prompt_name}, or nothing. */
    public String defaultPrompt() {
        return prompt();
    }

    /** What comes before a query unless something else does: the prompt {@code query}, else the default one. */
    public String queryPrompt() {
        return prompt("query");
    }

    /**
     * What comes before a passage unless something else does: the first that there is of the prompts {@code document}, {@code passage} and
     * {@code corpus}, the names that sentence-transformers looks for, else the default one.
     */
    public String passagePrompt() {
        return prompt("document", "passage", "corpus");
    }

    private String prompt(String... names) {
        return Stream.concat(Stream.of(names), defaultPromptName.stream()).filter(prompts::containsKey)
                .findFirst().map(prompts::get).orElse("");
    }
}
