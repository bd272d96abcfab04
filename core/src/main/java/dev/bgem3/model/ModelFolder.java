package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.io.UnfinishedPath;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.PackedLayout;
import dev.bgem3.packed.ModelDigest;
import dev.bgem3.packed.PackedFile;
import dev.bgem3.packed.PackedFileWriter;
import dev.bgem3.safetensors.SafetensorsReader;
import dev.bgem3.safetensors.ShardedTensors;
import dev.bgem3.text.Messages;
import dev.bgem3.torch.TorchReader;
import dev.bgem3.weights.StoredTensor;
import dev.bgem3.weights.TensorFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Function;

/**
 * A model folder with its files open: the configuration, the encoder's weights, and the heads where there are
 * any.
 *
 * <p>
 * The encoder's weights are the first of {@code model.safetensors}, {@code model.safetensors.index.json} and
 * {@code pytorch_model.bin} that is there. A head is {@code <name>.pt}, else two tensors of the encoder's
 * file. What the kernels took from it may be read from the mapped files until {@link #close()}.
 */
public final class ModelFolder implements AutoCloseable {
    private static final List<String> WEIGHT_FILES = List.of("model.safetensors",
            "model.safetensors.index.json",
            "pytorch_model.bin");
    private static final String SPARSE = "sparse_linear";
    private static final String COLBERT = "colbert_linear";
    private static final int MOST_COLBERT_SIZE = 65_536;

    private final Path folder;
    private final ModelConfig config;
    private final List<TensorFile> files = new ArrayList<>();
    private final NamedTensors tensors;
    private final TensorFile encoderFile;
    private Optional<NamedTensors> sparse = Optional.empty();
    private Optional<NamedTensors> colbert = Optional.empty();
    private Optional<Classifier> classifier = Optional.empty();
    private final PackedLayers packed;

    private ModelFolder(Path folder) {
        this.folder = folder;
        config = ModelConfig.read(folder);
        packed = new PackedLayers(folder, this::digest);
        boolean done = false;
        try {
            encoderFile = openEncoder();
            tensors = NamedTensors.ofEncoder(encoderFile.path(), encoderFile.tensors());
            tensors.requireNoLayerFrom(config.layerCount());
            sparse = head(SPARSE);
            colbert = head(COLBERT);
            checkHeadShapes();
            classifier = Classifier.find(folder, config,
                    NamedTensors.prefixed(encoderFile.path(), encoderFile.tensors(), ""));
            done = true;
        } finally {
            if (!done) {
                close();
            }
        }
    }

    /**
     * Opens a folder and checks its configuration and its heads' shapes; the encoder's weights are checked
     * when they are taken.
     *
     * @throws ModelException
     *             where the folder is not there or is no model, or a file of it is bad
     */
    public static ModelFolder open(Path folder) {
        if (Files.notExists(folder)) {
            throw new ModelException(folder + ": no such folder (expected: a model folder with "
                    + ModelConfig.FILE_NAME + ")");
        }
        if (!isDirectory(folder)) {
            throw new ModelException(folder + ": not a folder (expected: a model folder with "
                    + ModelConfig.FILE_NAME + ")");
        }
        return new ModelFolder(folder);
    }

    private static boolean isDirectory(Path folder) {
        try {
            return Files.readAttributes(folder, BasicFileAttributes.class).isDirectory();
        } catch (IOException e) {
            throw new ModelException(folder + ": cannot be read: " + Messages.reason(e), e);
        }
    }

    private TensorFile openEncoder() {
        for (String name : WEIGHT_FILES) {
            Path file = folder.resolve(name);
            // What cannot be looked at may be there: opening it says why not.
            if (!Files.notExists(file)) {
                Function<Path, TensorFile> format = name.endsWith(".bin")
                        ? TorchReader::open
                        : name.endsWith(".json") ? ShardedTensors::open : SafetensorsReader::open;
                return keepOpen(format.apply(file));
            }
        }
        throw new ModelException(
                folder + ": no weights (expected one of: " + String.join(", ", WEIGHT_FILES) + ")");
    }

    private TensorFile keepOpen(TensorFile file) {
        files.add(file);
        return file;
    }

    /** The two tensors of a head under the names {@code weight} and {@code bias}, where the model has it. */
    private Optional<NamedTensors> head(String name) {
        Path file = folder.resolve(name + ".pt");
        if (!Files.notExists(file)) {
            TensorFile opened = keepOpen(TorchReader.open(file));
            return Optional.of(NamedTensors.prefixed(file, opened.tensors(), ""));
        }
        NamedTensors inside = NamedTensors.prefixed(encoderFile.path(), encoderFile.tensors(), name + ".");
        return inside.find("weight").or(() -> inside.find("bias")).isPresent()
                ? Optional.of(inside)
                : Optional.empty();
    }

    private void checkHeadShapes() {
        sparse.ifPresent(head -> headOf(head, 1));
        colbert.ifPresent(head -> headOf(head, colbertDimension()));
    }

    private HeadWeights headOf(NamedTensors head, int outputSize) {
        return new HeadWeights(head.matrix("weight", outputSize, config.hiddenSize()),
                head.vector("bias", outputSize), true);
    }

    /** The folder as it was named. */
    public Path folder() {
        return folder;
    }

    /** The sizes. */
    public ModelConfig config() {
        return config;
    }

    /** The names of the open files, the encoder's first. */
    public List<String> fileNames() {
        return files.stream().map(file -> file.path().getFileName().toString()).toList();
    }

    /** The type of the encoder's word embeddings on disk, which the other weights share in practice. */
    public String weightDtype() {
        return switch (tensors.find("embeddings.word_embeddings.weight").orElseThrow().dtype()) {
            case F32 -> "fp32";
            case F16 -> "fp16";
            case BF16 -> "bf16";
            case F64 -> "fp64";
            default -> throw new IllegalStateException("checked when the encoder was loaded");
        };
    }

    /** [1, C]: one lexical weight a token. */
    public Optional<HeadWeights> sparseHead() {
        return sparse.map(head -> packed.offer(SPARSE, headOf(head, 1)));
    }

    /** [{@link #colbertDimension()}, C]. */
    public Optional<HeadWeights> colbertHead() {
        return colbert.map(head -> packed.offer(COLBERT, headOf(head, colbertDimension())));
    }

    /** What makes the model a cross-encoder, where it is one. */
    public Optional<Classifier> classifier() {
        return classifier;
    }

    /** [C, C]: the classifier's first layer. */
    public Optional<HeadWeights> classifierDense() {
        return classifier.map(head -> packed.offer(Classifier.DENSE, head.dense()));
    }

    /** [1, C]: the classifier's second layer. */
    public Optional<HeadWeights> classifierOutput() {
        return classifier.map(head -> packed.offer(Classifier.OUT_PROJ, head.output()));
    }

    /** The ColBERT head's output size; 0 without it. */
    public int colbertDimension() {
        if (colbert.isEmpty()) {
            return 0;
        }
        String expected = "[1.." + MOST_COLBERT_SIZE + ", " + config.hiddenSize() + "]";
        StoredTensor weight = colbert.get().require("weight", expected);
        long[] shape = weight.shape();
        if (shape.length != 2 || shape[0] < 1 || shape[0] > MOST_COLBERT_SIZE) {
            throw new ModelException(weight.describe() + " (expected: " + expected + ")");
        }
        if (shape[0] * config.hiddenSize() > ModelConfig.MOST_ELEMENTS) {
            throw new ModelException(weight.describe() + " (expected: at most " + ModelConfig.MOST_ELEMENTS
                    + " numbers)");
        }
        return (int) shape[0];
    }

    /** The numbers of all tensors that are read. */
    public long parameterCount() {
        long c = config.hiddenSize();
        long tables = c * (config.vocabSize() + (long) config.maxPositions() + config.typeVocabSize() + 2);
        long vectors = config.layerCount() * (9 * c + config.intermediateSize());
        long heads = (sparse.isPresent() ? c + 1 : 0) + colbertDimension() * (c + 1)
                + (classifier.isPresent() ? (c + 1) * (c + 1) : 0);
        return tables + config.layerParameters() + vectors + heads;
    }

    /**
     * Takes the encoder's weights into the kernels' layout, checking each tensor's presence, shape and
     * numbers; those of linear layers from a {@link PackedFile} where there is one for the layout, as the heads' are.
     */
    public XlmRobertaEncoder loadEncoder(Kernels kernels) {
        SequencedMap<String, HeadWeights> layers = LinearLayers.of(config, tensors);
        layers.replaceAll(packed::offer);
        return new XlmRobertaEncoder(config, tensors, layers, kernels, this::dropPages);
    }

    /**
     * Packs the linear layers, the heads' included, as the kernels lay them out, and keeps them beside the model in place of what was
     * kept in their layout.
     *
     * @return the file, or nothing where these kernels' layout cannot be kept
     * @throws ModelException
     *             where a weight is bad or the file cannot be written
     */
    public Optional<Path> writePacked(Kernels kernels, PackedFileWriter.Progress progress) {
        try {
            UnfinishedPath.requireWritable(folder);
        } catch (IOException e) {
            throw new ModelException(folder + ": cannot be written: " + Messages.reason(e), e);
        }
        SequencedMap<String, HeadWeights> layers = LinearLayers.of(config, tensors);
        colbert.ifPresent(head -> layers.put(COLBERT, headOf(head, colbertDimension())));
        sparse.ifPresent(head -> layers.put(SPARSE, headOf(head, 1)));
        classifier.ifPresent(head -> layers.putAll(head.layers()));
        SequencedMap<String, PackedFile.Layer> packedLayers = new LinkedHashMap<>();
        PackedLayout layout = null;
        for (Map.Entry<String, HeadWeights> layer : layers.entrySet()) {
            Kernels.Linear linear = layer.getValue().layOut(kernels);
            if (linear.packed().isEmpty()) {
                return Optional.empty();
            }
            layout = linear.packed().get().layout();
            packedLayers.put(layer.getKey(), new PackedFile.Layer(linear.outputSize(), linear.inputSize(),
                    linear.packed().get().bytes()));
        }
        Path file = PackedFile.path(folder, layout);
        PackedFileWriter.write(file, layout, digest(), packedLayers, progress);
        return Optional.of(file);
    }

    /** Of all that linear layers are packed from. */
    private ModelDigest digest() {
        SequencedMap<String, StoredTensor> all = encoderTensors();
        all.keySet().removeIf(name -> name.startsWith("embeddings."));
        all.putAll(headTensors());
        return new ModelDigest(all);
    }

    /**
     * The encoder's tensors by their names without prefix, as a converted folder has them; nothing that is
     * not read.
     */
    public SequencedMap<String, StoredTensor> encoderTensors() {
        SequencedMap<String, StoredTensor> all = new LinkedHashMap<>();
        for (Map.Entry<String, long[]> entry : TensorNames.of(config).entrySet()) {
            all.put(entry.getKey(), tensors.require(entry.getKey(), entry.getValue()));
        }
        return all;
    }

    /** The heads' tensors by the names they have inside a safetensors file. */
    public SequencedMap<String, StoredTensor> headTensors() {
        SequencedMap<String, StoredTensor> all = new LinkedHashMap<>();
        addHead(all, COLBERT, colbert, colbertDimension());
        addHead(all, SPARSE, sparse, 1);
        classifier.ifPresent(head -> all.putAll(head.tensors()));
        return all;
    }

    private void addHead(Map<String, StoredTensor> all, String name, Optional<NamedTensors> head,
            int outputSize) {
        head.ifPresent(part -> {
            all.put(name + ".weight", part.require("weight", outputSize, config.hiddenSize()));
            all.put(name + ".bias", part.require("bias", outputSize));
        });
    }

    /** What the files of sentence-transformers say of the model. */
    public SentenceTransformersFiles sentenceTransformers() {
        return SentenceTransformersFiles.read(folder);
    }

    /**
     * Gives back the memory of the files' pages, to be called when weights are in the kernels' layout: of what is read later, the
     * embeddings, only the rows that texts ask for come back.
     */
    public void dropPages() {
        files.forEach(TensorFile::dropPages);
    }

    /** Unmaps the files; closing again does nothing. */
    @Override
    public void close() {
        packed.close();
        files.forEach(TensorFile::close);
    }
}
