package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.io.UnfinishedPath;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.PackedLayout;
import dev.bgem3.packed.ModelDigest;
import dev.bgem3.packed.PackedFile;
import dev.bgem3.packed.PackedFileWriter;
import dev.bgem3.text.Messages;
import dev.bgem3.weights.StoredTensor;
import dev.bgem3.weights.TensorFile;
import dev.bgem3.weights.TensorRows;
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
import java.util.stream.Stream;

/**
 * A model folder with its files open: the configuration, the encoder's weights and the heads, if it has any.
 *
 * <p> {@link FolderLayout} finds the files. A head is a file of
 * {@link HeadTensors} or, without one, two tensors of the encoder's file. The kernels may read weights from
 * the mapped files until {@link #close()}.
 */
public final class ModelFolder implements AutoCloseable {
    /** The names of the files of an adapter, its configuration first. */
    public static final List<String> ADAPTER_FILES = Stream
            .concat(Stream.of(LoraConfig.FILE_NAME), LoraAdapter.FILE_NAMES.stream()).toList();
    private static final int MAX_COLBERT_SIZE = 65_536;

    private final FolderLayout layout;
    private final ModelConfig config;
    private final List<TensorFile> files = new ArrayList<>();
    private final TensorTable table;
    private final NamedTensors tensors;
    private final Optional<LoraAdapter> adapter;
    private Optional<NamedTensors> sparse = Optional.empty();
    private Optional<NamedTensors> colbert = Optional.empty();
    private Optional<Classifier> classifier = Optional.empty();
    private final PackedLayers packed;
    /** Read when first needed. */
    private SentenceTransformersFiles settings;
    private List<DenseLayer> denseLayers;

    private ModelFolder(FolderLayout layout) {
        this.layout = layout;
        config = ModelConfig.read(layout.encoder());
        table = config.family().tensors(config);
        packed = new PackedLayers(layout.folder(), this::digest);
        boolean done = false;
        try {
            TensorFile encoderFile = keepOpen(WeightFormat.openIn(layout.encoder()));
            NamedTensors base = NamedTensors.ofEncoder(encoderFile.path(), encoderFile.tensors(),
                    config.family(), table);
            base.requireNoLayerFrom(config.layerCount(), table.layerPrefix());
            boolean classifies = Classifier.find(layout.encoder(), config, base).isPresent();
            adapter = layout.adapter()
                    .map(in -> LoraAdapter.read(in, keepOpen(LoraAdapter.open(in)), classifies
                            ? List.of(table, config.family().classifierTensors(config))
                            : List.of(table)));
            tensors = adapter.map(base::with).orElse(base);
            sparse = head(HeadTensors.SPARSE_FILES, HeadTensors.sparse(config.hiddenSize()));
            colbert = head(HeadTensors.COLBERT_FILES, HeadTensors.colbert(1, config.hiddenSize()));
            checkHeadShapes();
            classifier = Classifier.find(layout.encoder(), config, tensors);
            done = true;
        } finally {
            if (!done) {
                close();
            }
        }
    }

    /**
     * Opens a folder and checks its configuration and the shapes of its heads; the encoder's weights are
     * checked when they are loaded.
     *
     * @throws ModelException
     *             if the folder does not exist or is not a model, or a file in it is invalid
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
        return new ModelFolder(FolderLayout.of(folder));
    }

    private static boolean isDirectory(Path folder) {
        try {
            return Files.readAttributes(folder, BasicFileAttributes.class).isDirectory();
        } catch (IOException e) {
            throw new ModelException(folder + ": cannot be read: " + Messages.reason(e), e);
        }
    }

    private TensorFile keepOpen(TensorFile file) {
        files.add(file);
        return file;
    }

    /** Returns the tensors that contain a head, if the model has it; only the table's names are used. */
    private Optional<NamedTensors> head(List<String> fileNames, TensorTable names) {
        Optional<Path> file = layout.find(fileNames);
        if (file.isPresent()) {
            return Optional.of(NamedTensors.ofLayerFile(file.get(),
                    keepOpen(HeadTensors.open(file.get())).tensors()));
        }
        NamedTensors inside = tensors.beside(names);
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

    /** Returns the path with which the folder was opened. */
    public Path folder() {
        return layout.folder();
    }

    /** Returns where the model's files are. */
    public FolderLayout layout() {
        return layout;
    }

    /** Returns the configuration. */
    public ModelConfig config() {
        return config;
    }

    /** Returns the names of the open files, the encoder's first; those in a folder below have its path. */
    public List<String> fileNames() {
        return files.stream().map(file -> layout.nameOf(file.path())).toList();
    }

    /** Returns the type of the word embeddings on disk, which the other weights share in practice. */
    public String weightDtype() {
        return switch (tensors.find(table.row(TensorRole.WORD_EMBEDDINGS).weight(0)).orElseThrow().dtype()) {
            case F32 -> "fp32";
            case F16 -> "fp16";
            case BF16 -> "bf16";
            case F64 -> "fp64";
            default -> throw new IllegalStateException("checked when the encoder was loaded");
        };
    }

    /** Describes the adapter that is merged with the model, if there is one. */
    public Optional<String> adapter() {
        return adapter.map(LoraAdapter::describe);
    }

    /** Returns the head of lexical weights, [1, C]. */
    public Optional<LinearWeights> sparseHead() {
        return sparse.map(head -> packed.offer(sparseRow().name(), head.linear(sparseRow())));
    }

    /** Returns the head of ColBERT vectors, [{@link #colbertDimension()}, C]. */
    public Optional<LinearWeights> colbertHead() {
        return colbert.map(head -> packed.offer(colbertRow().name(), head.linear(colbertRow())));
    }

    /** Returns the classifier, if the model is a cross-encoder. */
    public Optional<Classifier> classifier() {
        return classifier;
    }

    /** Returns the classifier's first layer, [C, C]. */
    public Optional<LinearWeights> classifierDense() {
        return classifier.map(head -> head.layer(TensorRole.CLASSIFIER_DENSE, packed));
    }

    /** Returns the classifier's second layer, [1, C]. */
    public Optional<LinearWeights> classifierOutput() {
        return classifier.map(head -> head.layer(TensorRole.CLASSIFIER_OUTPUT, packed));
    }

    /** Returns the output size of the ColBERT head, or 0 without one. */
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

    /** Returns the number of elements of all tensors that are read. */
    public long parameterCount() {
        return table.elementCount()
                + (sparse.isPresent() ? HeadTensors.sparse(config.hiddenSize()).elementCount() : 0)
                + (colbert.isPresent()
                        ? HeadTensors.colbert(colbertDimension(), config.hiddenSize()).elementCount()
                        : 0)
                + classifier.map(Classifier::elementCount).orElse(0L);
    }

    /**
     * Loads the encoder's weights into the kernels' layout and checks that each tensor exists, has its shape
     * and is finite. Linear layers, like those of the heads, come from a {@link PackedFile} if there is one
     * for the layout.
     */
    public Encoder loadEncoder(Kernels kernels) {
        return config.family().encoder(config, new EncoderWeights(table, tensors, packed::offer), kernels,
                this::dropPages);
    }

    /**
     * Writes the linear layers, including those of the heads, to a packed file beside the model in the
     * kernels' layout, and replaces an existing file of that layout.
     *
     * @return the file, or empty if these kernels' layout cannot be stored
     * @throws ModelException
     *             if a weight is invalid or the file cannot be written
     */
    public Optional<Path> writePacked(Kernels kernels, PackedFileWriter.Progress progress) {
        try {
            UnfinishedPath.requireWritable(folder());
        } catch (IOException e) {
            throw new ModelException(folder() + ": cannot be written: " + Messages.reason(e), e);
        }
        SequencedMap<String, LinearWeights> layers = new EncoderWeights(table, tensors, (_, layer) -> layer)
                .linearLayers();
        colbert.ifPresent(head -> layers.put(colbertRow().name(), head.linear(colbertRow())));
        sparse.ifPresent(head -> layers.put(sparseRow().name(), head.linear(sparseRow())));
        classifier.ifPresent(head -> layers.putAll(head.layers()));
        SequencedMap<String, PackedFile.Layer> packedLayers = new LinkedHashMap<>();
        PackedLayout packedLayout = null;
        for (Map.Entry<String, LinearWeights> layer : layers.entrySet()) {
            Kernels.Linear linear = layer.getValue().layOut(kernels);
            if (linear.packed().isEmpty()) {
                return Optional.empty();
            }
            if (packedLayout == null) {
                // Only now is the file's name known.
                packedLayout = linear.packed().get().layout();
                requireReplaceable(PackedFile.path(folder(), packedLayout));
            }
            packedLayers.put(layer.getKey(), new PackedFile.Layer(linear.outputSize(), linear.inputSize(),
                    linear.packed().get().bytes()));
        }
        Path file = PackedFile.path(folder(), packedLayout);
        PackedFileWriter.write(file, packedLayout, digest(), packedLayers, progress);
        return Optional.of(file);
    }

    private static void requireReplaceable(Path file) {
        try {
            UnfinishedPath.requireReplaceable(file);
        } catch (IOException e) {
            throw new ModelException(file + ": cannot be written: " + Messages.reason(e), e);
        }
    }

    /** Returns the digest of all tensors from which linear layers are packed. */
    private ModelDigest digest() {
        SequencedMap<String, StoredTensor> all = new LinkedHashMap<>();
        tensors.addStored(all, table.without(TensorRole.Part.EMBEDDINGS));
        colbert.ifPresent(head -> head.addStored(all,
                HeadTensors.colbert(colbertDimension(), config.hiddenSize())));
        sparse.ifPresent(head -> head.addStored(all, HeadTensors.sparse(config.hiddenSize())));
        classifier.ifPresent(head -> head.addStored(all));
        adapter.ifPresent(merged -> merged.addTo(all));
        return new ModelDigest(all);
    }

    /**
     * Returns the encoder's tensors by their names without prefix, as in a converted folder: merged with the
     * adapter if there is one, and without those that are not used.
     */
    public SequencedMap<String, TensorRows> encoderTensors() {
        SequencedMap<String, TensorRows> all = new LinkedHashMap<>();
        tensors.addTo(all, table);
        return all;
    }

    /** Returns the heads' tensors by their names in a safetensors file. */
    public SequencedMap<String, TensorRows> headTensors() {
        SequencedMap<String, TensorRows> all = new LinkedHashMap<>();
        colbert.ifPresent(head -> head.addTo(all,
                HeadTensors.colbert(colbertDimension(), config.hiddenSize())));
        sparse.ifPresent(head -> head.addTo(all, HeadTensors.sparse(config.hiddenSize())));
        classifier.ifPresent(head -> head.addTensors(all));
        return all;
    }

    /**
     * Returns the settings in the files of sentence-transformers. A cross-encoder has none: its files
     * configure how sentence-transformers compares texts, which does not apply to pairs.
     *
     * @throws ModelException
     *             if a file cannot be read, or requires something that is not implemented
     */
    public synchronized SentenceTransformersFiles sentenceTransformers() {
        if (settings == null) {
            settings = classifier.isPresent()
                    ? SentenceTransformersFiles.NONE
                    : SentenceTransformersFiles.read(layout);
        }
        return settings;
    }

    /**
     * Returns the layers that map a pooled vector to a dense vector, in their order; usually none.
     *
     * @throws ModelException
     *             if a module cannot be read, or is not implemented
     */
    public synchronized List<DenseLayer> denseLayers() {
        if (denseLayers == null) {
            List<DenseLayer> opened = new ArrayList<>();
            int size = config.hiddenSize();
            for (Path module : sentenceTransformers().denseLayers()) {
                DenseLayer layer = DenseLayer.read(module, keepOpen(WeightFormat.openIn(module)), size);
                size = layer.outputSize();
                opened.add(layer);
            }
            denseLayers = List.copyOf(opened);
        }
        return denseLayers;
    }

    /** Returns the size of a dense vector. */
    public int denseDimension() {
        return denseLayers().isEmpty() ? config.hiddenSize() : denseLayers().getLast().outputSize();
    }

    /**
     * Releases the memory of the files' pages. Call it when the weights are in the kernels' layout: later
     * reads, of the embeddings, load only the rows that texts need.
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
