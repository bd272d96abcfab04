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

/** Describes a model folder, and the kernels and devices that compute it. Immutable. */
public final class ModelInfo {
    private final Path folder;
    private final List<String> weightFiles;
    private final String weightDtype;
    private final Set<Output> outputs;
    private final Pooling pooling;
    private final int hiddenSize;
    private final int denseDimension;
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
    private final Optional<String> adapter;
    private final long parameterCount;
    private final KernelKind kernels;
    private final String kernelDescription;
    private final Precision precision;
    private final List<Device> devices;
    private final int threads;
    private final int numericsVersion;

    /** Describes a loaded model. */
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
        SentenceTransformersFiles files = model.sentenceTransformers();
        folder = model.folder();
        weightFiles = model.fileNames();
        weightDtype = model.weightDtype();
        outputs = Collections.unmodifiableSet(computed);
        pooling = files.pooling().map(Pooling::of).orElse(Pooling.CLS);
        hiddenSize = config.hiddenSize();
        denseDimension = model.denseDimension();
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
        adapter = model.adapter();
        parameterCount = model.parameterCount();
        kernels = KernelKind.of(backend.provider().name());
        kernelDescription = loaded.description();
        precision = Precision.of(backend.arithmetic());
        devices = backend.deviceRequests().stream().map(Device::new).toList();
        threads = loaded.threads();
        numericsVersion = backend.arithmetic().numericsVersion();
    }

    /** Returns the folder as the caller named it. */
    public Path folder() {
        return folder;
    }

    /** Returns the names of the files that the weights were read from. */
    public List<String> weightFiles() {
        return weightFiles;
    }

    /**
     * Returns the element type of the encoder's weights on disk: {@code fp32}, {@code fp16} or {@code bf16}.
     */
    public String weightDtype() {
        return weightDtype;
    }

    /**
     * Returns what the model can compute: dense always, the others if it has their heads. Empty for a
     * cross-encoder.
     */
    public Set<Output> outputs() {
        return outputs;
    }

    /** Returns how the model's dense vectors are computed from the token vectors. */
    public Pooling pooling() {
        return pooling;
    }

    /** Returns the dimension of the encoder's token vectors. */
    public int hiddenSize() {
        return hiddenSize;
    }

    /**
     * Returns the dimension of dense vectors: {@link #hiddenSize()}, unless a Dense module of
     * sentence-transformers maps them to another.
     */
    public int denseDimension() {
        return denseDimension;
    }

    /** Returns the number of the encoder's layers. */
    public int layerCount() {
        return layerCount;
    }

    /** Returns the number of attention heads of a layer. */
    public int headCount() {
        return headCount;
    }

    /** Returns the width of the feed-forward network. */
    public int intermediateSize() {
        return intermediateSize;
    }

    /** Returns the number of token ids. */
    public int vocabSize() {
        return vocabSize;
    }

    /** Returns the maximum number of tokens of a text, including {@code <s>} and {@code </s>}. */
    public int maxLength() {
        return maxLength;
    }

    /**
     * Returns the maximum number of tokens of a text unless a call sets one: {@link #maxLength()}, or the
     * smaller limit of {@code sentence_bert_config.json}.
     */
    public int defaultMaxLength() {
        return defaultMaxLength;
    }

    /** Returns the dimension of ColBERT vectors; 0 without a ColBERT head. */
    public int colbertDimension() {
        return colbertDimension;
    }

    /** Returns the prompts of {@code config_sentence_transformers.json} by name. */
    public SequencedMap<String, String> prompts() {
        return prompts;
    }

    /**
     * Returns the name of the prompt that is put before a text unless another prompt or instruction applies.
     */
    public Optional<String> defaultPromptName() {
        return defaultPromptName;
    }

    /** Returns the name of a cross-encoder's score in {@code id2label}; empty for any other model. */
    public Optional<String> scoreLabel() {
        return scoreLabel;
    }

    /**
     * Describes the adapter that was merged with the weights, such as
     * {@code LoRA of rank 8 on 48 weights, from DIR}; empty if the folder has none.
     */
    public Optional<String> adapter() {
        return adapter;
    }

    /** Returns the number of weights, including those of the heads. */
    public long parameterCount() {
        return parameterCount;
    }

    /** Returns the kernels in use; never {@link KernelKind#AUTO}. */
    public KernelKind kernels() {
        return kernels;
    }

    /** Describes the kernels in use and what they detected on this machine. */
    public String kernelDescription() {
        return kernelDescription;
    }

    /** Returns the arithmetic of matrix products. */
    public Precision precision() {
        return precision;
    }

    /** Returns the devices in use: {@link Device#CPU}, or one or more GPUs, each by its number. */
    public List<Device> devices() {
        return devices;
    }

    /** Returns how many threads of the host compute. */
    public int threads() {
        return threads;
    }

    /**
     * Returns the version of the results of this precision. Two models that differ only in this may give
     * vectors that differ by more than rounding of the last bit, so an index should record it with its
     * vectors.
     */
    public int numericsVersion() {
        return numericsVersion;
    }

    /** Returns whether this is a cross-encoder, for {@link Reranker}. */
    public boolean isReranker() {
        return scoreLabel.isPresent();
    }

    /**
     * Returns the prompt that is put before a text unless an instruction applies: that of
     * {@code default_prompt_name}, or the empty string.
     */
    public String defaultPrompt() {
        return prompt();
    }

    /**
     * Returns the prompt that is put before a query unless an instruction applies: the prompt {@code query},
     * else the default one.
     */
    public String queryPrompt() {
        return prompt("query");
    }

    /**
     * Returns the prompt that is put before a passage unless an instruction applies: the first of the prompts
     * {@code document}, {@code passage} and {@code corpus} that exists, as in sentence-transformers, else the
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
