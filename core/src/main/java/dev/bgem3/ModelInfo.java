package dev.bgem3;

import dev.bgem3.engine.BackendSelection;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.model.Classifier;
import dev.bgem3.model.ModelConfig;
import dev.bgem3.model.ModelFolder;
import dev.bgem3.model.SentenceTransformersFiles;
import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a model folder holds and what serves it. Immutable.
 */
public final class ModelInfo {
    private final Path folder;
    private final List<String> weightFiles;
    private final String weightDtype;
    private final Set<Output> outputs;
    private final Pooling pooling;
    private final int hiddenSize;
    private final int layerCount;
    private final int headCount;
    private final int intermediateSize;
    private final int vocabSize;
    private final int maxLength;
    private final int defaultMaxLength;
    private final int colbertDimension;
    private final SequencedMap<String, String> prompts;
    private final Optional<String> defaultPromptName;
    private final Optional<String> scoreLabel;
    private final long parameterCount;
    private final KernelKind kernels;
    private final String kernelDescription;
    private final Precision precision;
    private final List<Device> devices;
    private final int threads;
    private final int numericsVersion;

    /** Of a model that is loaded. */
    ModelInfo(ModelFolder model, BackendSelection backend, Kernels loaded, int maxLength) {
        ModelConfig config = model.config();
        boolean encodes = model.classifier().isEmpty();
        Set<Output> computed = EnumSet.noneOf(Output.class);
        if (encodes) {
            computed.add(Output.DENSE);
        }
        if (encodes && model.sparseHead().isPresent()) {
            computed.add(Output.SPARSE);
        }
        if (encodes && model.colbertHead().isPresent()) {
            computed.add(Output.COLBERT);
        }
        // Those of a cross-encoder say how sentence-transformers compares, which is not asked for here.
        SentenceTransformersFiles files = encodes
                ? model.sentenceTransformers()
                : SentenceTransformersFiles.NONE;
        folder = model.folder();
        weightFiles = model.fileNames();
        weightDtype = model.weightDtype();
        outputs = Collections.unmodifiableSet(computed);
        pooling = files.pooling().map(Pooling::of).orElse(Pooling.CLS);
        hiddenSize = config.hiddenSize();
        layerCount = config.layerCount();
        headCount = config.headCount();
        intermediateSize = config.intermediateSize();
        vocabSize = config.vocabSize();
        this.maxLength = maxLength;
        defaultMaxLength = Math.min(maxLength, files.maxLength().orElse(maxLength));
        colbertDimension = encodes ? model.colbertDimension() : 0;
        prompts = files.prompts();
        defaultPromptName = files.defaultPromptName();
        scoreLabel = model.classifier().map(Classifier::label);
        parameterCount = model.parameterCount();
        kernels = KernelKind.of(backend.provider().name());
        kernelDescription = loaded.description();
        precision = Precision.of(backend.arithmetic());
        devices = backend.deviceRequests().stream().map(Device::new).toList();
        threads = loaded.threads();
        numericsVersion = backend.arithmetic().numericsVersion();
    }

    /**
     * The folder as it was named.
     */
    public Path folder() {
        return folder;
    }

    /**
     * The names of the files that the weights were read from.
     */
    public List<String> weightFiles() {
        return weightFiles;
    }

    /**
     * The element type of the encoder's weights on disk: {@code fp32}, {@code fp16}, {@code bf16}.
     */
    public String weightDtype() {
        return weightDtype;
    }

    /**
     * What the model can compute: dense always, the others if it has their heads; nothing of these where it
     * is a cross-encoder.
     */
    public Set<Output> outputs() {
        return outputs;
    }

    /**
     * How its dense vectors are made.
     */
    public Pooling pooling() {
        return pooling;
    }

    /**
     * The dimension of dense vectors.
     */
    public int hiddenSize() {
        return hiddenSize;
    }

    /**
     * The encoder's layers.
     */
    public int layerCount() {
        return layerCount;
    }

    /**
     * The attention heads of a layer.
     */
    public int headCount() {
        return headCount;
    }

    /**
     * The width of the feed-forward part.
     */
    public int intermediateSize() {
        return intermediateSize;
    }

    /**
     * The number of token ids.
     */
    public int vocabSize() {
        return vocabSize;
    }

    /**
     * The most tokens of a text, {@code <s>} and {@code </s>} included.
     */
    public int maxLength() {
        return maxLength;
    }

    /**
     * The most tokens of a text where a call does not say: the same, or less where {@code
     * sentence_bert_config.json} has less.
     */
    public int defaultMaxLength() {
        return defaultMaxLength;
    }

    /**
     * The dimension of ColBERT vectors; 0 without their head.
     */
    public int colbertDimension() {
        return colbertDimension;
    }

    /**
     * What may come before a text, by name, from {@code config_sentence_transformers.json}.
     */
    public SequencedMap<String, String> prompts() {
        return prompts;
    }

    /**
     * Which of them comes before a text unless something else does.
     */
    public Optional<String> defaultPromptName() {
        return defaultPromptName;
    }

    /**
     * What a cross-encoder's {@code id2label} calls its score; empty for any other model.
     */
    public Optional<String> scoreLabel() {
        return scoreLabel;
    }

    /**
     * The number of weights read, heads included.
     */
    public long parameterCount() {
        return parameterCount;
    }

    /**
     * The kernels that serve; never {@link KernelKind#AUTO}.
     */
    public KernelKind kernels() {
        return kernels;
    }

    /**
     * What they found on this machine.
     */
    public String kernelDescription() {
        return kernelDescription;
    }

    /**
     * The arithmetic of the products.
     */
    public Precision precision() {
        return precision;
    }

    /**
     * What computes: {@link Device#CPU}, or one GPU or several, each by its number.
     */
    public List<Device> devices() {
        return devices;
    }

    /**
     * How many threads of the host compute.
     */
    public int threads() {
        return threads;
    }

    /**
     * The version of the numbers that this precision gives: two models that are alike in all but this may
     * give vectors that differ by more than rounding to the last bit. An index records it with its vectors.
     */
    public int numericsVersion() {
        return numericsVersion;
    }

    /** Whether this is a cross-encoder, for {@link Reranker}. */
    public boolean isReranker() {
        return scoreLabel.isPresent();
    }

    /**
     * What comes before a text unless something else does: the prompt of {@code default_prompt_name}, or
     * nothing.
     */
    public String defaultPrompt() {
        return prompt();
    }

    /**
     * What comes before a query unless something else does: the prompt {@code query}, else the default one.
     */
    public String queryPrompt() {
        return prompt("query");
    }

    /**
     * What comes before a passage unless something else does: the first that there is of the prompts {@code
     * document}, {@code passage} and {@code corpus}, the names that sentence-transformers looks for, else the
     * default one.
     */
    public String passagePrompt() {
        return prompt("document", "passage", "corpus");
    }

    private String prompt(String... names) {
        return Stream.concat(Stream.of(names), defaultPromptName.stream()).filter(prompts::containsKey)
                .findFirst().map(prompts::get).orElse("");
    }

    @Override
    public String toString() {
        return "ModelInfo[" + folder + ", " + parameterCount + " weights in " + weightDtype + ", " + outputs
                + ", hiddenSize=" + hiddenSize + ", layerCount=" + layerCount + ", maxLength=" + maxLength
                + ", " + precision.label() + " on "
                + devices.stream().map(Device::toString).collect(Collectors.joining(", ")) + ", "
                + kernelDescription
                + "]";
    }
}
