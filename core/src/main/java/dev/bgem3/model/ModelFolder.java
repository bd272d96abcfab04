package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.io.UnfinishedPath;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.PackedLayout;
import dev.bgem3.packed.ModelDigest;
import dev.bgem3.packed.PackedFile;
import dev.bgem3.packed.PackedFileWriter;
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

/**
 * A model folder with its files open: the configuration, the encoder's weights, and the heads where there are
 * any.
 *
 * <p> The encoder's weights are in the first file of {@link WeightFormat} that is there. A head is a file of
 * {@link HeadTensors}, else two tensors of the encoder's file. What the kernels took from it may be read from
 * the mapped files until {@link #close()}.
 */
public final class ModelFolder implements AutoCloseable {
    private static final int MAX_COLBERT_SIZE = 65_536;

    private final Path folder;
    private final ModelConfig config;
    private final List<TensorFile> files = new ArrayList<>();
    private final TensorTable table;
    private final NamedTensors tensors;
    private final TensorFile encoderFile;
    private Optional<NamedTensors> sparse = Optional.empty();
    private Optional<NamedTensors> colbert = Optional.empty();
    private Optional<Classifier> classifier = Optional.empty();
    private final PackedLayers packed;

    private ModelFolder(Path folder) {
        this.folder = folder;
        config = ModelConfig.read(folder);
        table = config.family().tensors(config);
        packed = new PackedLayers(folder, this::digest);
        boolean done = false;
        try {
            encoderFile = openEncoder();
            tensors = NamedTensors.ofEncoder(encoderFile.path(), encoderFile.tensors(), config.family(),
                    table);
            tensors.requireNoLayerFrom(config.layerCount(), table.layerPrefix());
            sparse = head(HeadTensors.SPARSE_FILE, HeadTensors.sparse(config.hiddenSize()));
            colbert = head(HeadTensors.COLBERT_FILE, HeadTensors.colbert(1, config.hiddenSize()));
            checkHeadShapes();
            classifier = Classifier.find(folder, config,
                    NamedTensors.of(encoderFile.path(), encoderFile.tensors()));
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
        for (WeightFormat format : WeightFormat.values()) {
            Path file = folder.resolve(format.fileName());
            // What cannot be looked at may be there: opening it says why not.
            if (!Files.notExists(file)) {
                return keepOpen(format.open(file));
            }
        }
        throw new ModelException(folder + ": no weights (expected one of: "
                + String.join(", ", WeightFormat.fileNames()) + ")");
    }

    private TensorFile keepOpen(TensorFile file) {
        files.add(file);
        return file;
    }

    /** Where the tensors of a head are, if the model has it; only the names of its table are used. */
    private Optional<NamedTensors> head(String fileName, TensorTable names) {
        Path file = folder.resolve(fileName);
        if (!Files.notExists(file)) {
            TensorFile opened = keepOpen(TorchReader.open(file));
            return Optional.of(NamedTensors.ofLayerFile(file, opened.tensors()));
        }
        NamedTensors inside = NamedTensors.of(encoderFile.path(), encoderFile.tensors());
        return names.rows().stream().anyMatch(inside::hasAnyOf) ? Optional.of(inside) : Optional.empty();
    }

    private void checkHeadShapes() {
        sparse.ifPresent(head -> head.linear(sparseRow()));
        colbert.ifPresent(head -> head.linear(colbertRow()));
    }

    private TensorTable.Row sparseRow() {
        return HeadTensors.sparse(config.hiddenSize()).row(TensorRole.SPARSE_HEAD);
    }

    private TensorTable.Row colbertRow() {
        return HeadTensors.colbert(colbertDimension(), config.hiddenSize()).row(TensorRole.COLBERT_HEAD);
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
        return switch (tensors.find(table.row(TensorRole.WORD_EMBEDDINGS).weight(0)).orElseThrow().dtype()) {
            case F32 -> "fp32";
            case F16 -> "fp16";
            case BF16 -> "bf16";
            case F64 -> "fp64";
            default -> throw new IllegalStateException("checked when the encoder was loaded");
        };
    }

    /** [1, C]: one lexical weight a token. */
    public Optional<LinearWeights> sparseHead() {
        return sparse.map(head -> packed.offer(sparseRow().name(), head.linear(sparseRow())));
    }

    /** [{@link #colbertDimension()}, C]. */
    public Optional<LinearWeights> colbertHead() {
        return colbert.map(head -> packed.offer(colbertRow().name(), head.linear(colbertRow())));
    }

    /** What makes the model a cross-encoder, where it is one. */
    public Optional<Classifier> classifier() {
        return classifier;
    }

    /** [C, C]: the classifier's first layer. */
    public Optional<LinearWeights> classifierDense() {
        return classifier.map(head -> head.layer(TensorRole.CLASSIFIER_DENSE, packed));
    }

    /** [1, C]: the classifier's second layer. */
    public Optional<LinearWeights> classifierOutput() {
        return classifier.map(head -> head.layer(TensorRole.CLASSIFIER_OUTPUT, packed));
    }

    /** The ColBERT head's output size; 0 without it. */
    public int colbertDimension() {
        if (colbert.isEmpty()) {
            return 0;
        }
        String expected = "[1.." + MAX_COLBERT_SIZE + ", " + config.hiddenSize() + "]";
        StoredTensor weight = colbert.get().require(
                HeadTensors.colbert(1, config.hiddenSize()).row(TensorRole.COLBERT_HEAD).weight(0), expected);
        long[] shape = weight.shape();
        if (shape.length != 2 || shape[0] < 1 || shape[0] > MAX_COLBERT_SIZE) {
            throw new ModelException(weight.describe() + " (expected: " + expected + ")");
        }
        if (shape[0] * config.hiddenSize() > ModelConfig.MAX_ELEMENTS) {
            throw new ModelException(weight.describe() + " (expected: at most " + ModelConfig.MAX_ELEMENTS
                    + " numbers)");
        }
        return (int) shape[0];
    }

    /** The numbers of all tensors that are read. */
    public long parameterCount() {
        return table.elementCount()
                + (sparse.isPresent() ? HeadTensors.sparse(config.hiddenSize()).elementCount() : 0)
                + (colbert.isPresent()
                        ? HeadTensors.colbert(colbertDimension(), config.hiddenSize()).elementCount()
                        : 0)
                + classifier.map(Classifier::elementCount).orElse(0L);
    }

    /**
     * Takes the encoder's weights into the kernels' layout, checking each tensor's presence, shape and
     * numbers; those of linear layers from a {@link PackedFile} where there is one for the layout, as the
     * heads' are.
     */
    public Encoder loadEncoder(Kernels kernels) {
        return config.family().encoder(config, new EncoderWeights(table, tensors, packed::offer), kernels,
                this::dropPages);
    }

    /**
     * Packs the linear layers, the heads' included, as the kernels lay them out, and keeps them beside the
     * model in place of what was kept in their layout.
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
        SequencedMap<String, LinearWeights> layers = new EncoderWeights(table, tensors, (_, layer) -> layer)
                .linearLayers();
        colbert.ifPresent(head -> layers.put(colbertRow().name(), head.linear(colbertRow())));
        sparse.ifPresent(head -> layers.put(sparseRow().name(), head.linear(sparseRow())));
        classifier.ifPresent(head -> layers.putAll(head.layers()));
        SequencedMap<String, PackedFile.Layer> packedLayers = new LinkedHashMap<>();
        PackedLayout layout = null;
        for (Map.Entry<String, LinearWeights> layer : layers.entrySet()) {
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
        SequencedMap<String, StoredTensor> all = new LinkedHashMap<>();
        tensors.addTo(all, table.without(TensorRole.Part.EMBEDDINGS));
        all.putAll(headTensors());
        return new ModelDigest(all);
    }

    /**
     * The encoder's tensors by their names without prefix, as a converted folder has them; nothing that is
     * not read.
     */
    public SequencedMap<String, StoredTensor> encoderTensors() {
        SequencedMap<String, StoredTensor> all = new LinkedHashMap<>();
        tensors.addTo(all, table);
        return all;
    }

    /** The heads' tensors by the names they have inside a safetensors file. */
    public SequencedMap<String, StoredTensor> headTensors() {
        SequencedMap<String, StoredTensor> all = new LinkedHashMap<>();
        colbert.ifPresent(head -> head.addTo(all,
                HeadTensors.colbert(colbertDimension(), config.hiddenSize())));
        sparse.ifPresent(head -> head.addTo(all, HeadTensors.sparse(config.hiddenSize())));
        classifier.ifPresent(head -> head.addTensors(all));
        return all;
    }

    /** What the files of sentence-transformers say of the model. */
    public SentenceTransformersFiles sentenceTransformers() {
        return SentenceTransformersFiles.read(folder);
    }

    /**
     * Gives back the memory of the files' pages, to be called when weights are in the kernels' layout: of
     * what is read later, the embeddings, only the rows that texts ask for come back.
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
