package dev.bgem3.convert;

import dev.bgem3.error.ModelException;
import dev.bgem3.json.Json;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonString;
import dev.bgem3.json.JsonValue;
import dev.bgem3.model.ModelConfig;
import dev.bgem3.model.ModelFolder;
import dev.bgem3.model.SentenceTransformersFiles;
import dev.bgem3.model.WeightFormat;
import dev.bgem3.safetensors.SafetensorsWriter;
import dev.bgem3.safetensors.TensorSink;
import dev.bgem3.tokenizer.Tokenizer;
import dev.bgem3.weights.DType;
import dev.bgem3.weights.StoredTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.stream.Stream;

/**
 * Rewrites a model folder of any readable layout as one {@code model.safetensors}, heads included, in one
 * element type.
 */
public final class ModelConverter {
    /** What a folder holds besides weights and configuration, copied where it is there. */
    private static final List<String> COPIED = Stream.of(Tokenizer.FILE_NAMES,
            List.of("tokenizer_config.json", "special_tokens_map.json"), SentenceTransformersFiles.FILE_NAMES)
            .flatMap(List::stream).toList();

    private ModelConverter() {}

    /**
     * Converts a folder.
     *
     * @param folder
     *            the model to read
     * @param target
     *            the folder to write: new or empty. A new one is there, and an empty one filled, only when
     *            all is complete
     * @param dtype
     *            of its weights
     * @throws ModelException
     *             where the model cannot be read, a weight is not finite or too large for the type, or the
     *             target cannot be written
     */
    public static void convert(Path folder, Path target, WeightType dtype) {
        convert(folder, target, dtype, WriteListener.NONE);
    }

    /**
     * As without a listener.
     *
     * @param listener
     *            told how much is written; what it throws ends the conversion, and nothing is left
     */
    public static void convert(Path folder, Path target, WeightType dtype, WriteListener listener) {
        Objects.requireNonNull(listener, "listener");
        DType type = dtype.stored();
        try (ModelFolder model = ModelFolder.open(folder)) {
            SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();
            // As transformers names them, which takes a classifier beside an encoder without prefix for
            // another's.
            String prefix = model.classifier().isPresent()
                    ? model.config().family().prefixBesideClassifier()
                    : "";
            model.encoderTensors().forEach((name, tensor) -> tensors.put(prefix + name, tensor));
            tensors.putAll(model.headTensors());
            List<SafetensorsWriter.Source> sources = new ArrayList<>();
            tensors.forEach(
                    (name, tensor) -> sources.add(new SafetensorsWriter.Source(name, type, tensor.shape(),
                            sink -> write(tensor, type, sink))));
            FolderWriter.write(target, part -> {
                SafetensorsWriter.write(part.resolve(WeightFormat.SAFETENSORS.fileName()), sources,
                        listener::onWritten);
                Files.writeString(part.resolve(ModelConfig.FILE_NAME),
                        configuration(folder.resolve(ModelConfig.FILE_NAME), dtype));
                copyOthers(folder, part);
            });
        }
    }

    private static void write(StoredTensor tensor, DType type, TensorSink sink) throws IOException {
        long[] shape = tensor.shape();
        int columns = (int) shape[shape.length - 1];
        long rows = tensor.elementCount() / columns;
        float most = switch (type) {
            case F16 -> 65_519.996f; // What rounds to the largest fp16 number, 65,504.
            case BF16 -> 0x1.fefffep127f; // What rounds to the largest bf16 number.
            default -> Float.MAX_VALUE;
        };
        float[] row = new float[columns];
        for (long i = 0; i < rows; i++) {
            tensor.readRow(i, row, 0);
            for (int j = 0; j < columns; j++) {
                if (!(Math.abs(row[j]) <= most)) {
                    throw new ModelException(
                            tensor.describe() + ": " + row[j] + " at row " + i + ", column " + j
                                    + " (expected: finite numbers that fit " + type + ")");
                }
            }
            sink.floats(row, 0, columns);
        }
    }

    /** The configuration with the element type that the new file has. */
    private static String configuration(Path file, WeightType dtype) throws IOException {
        SequencedMap<String, JsonValue> members = new LinkedHashMap<>(
                ((JsonObject) Json.parse(Files.readAllBytes(file))).members());
        members.put(members.containsKey("dtype") ? "dtype" : "torch_dtype",
                new JsonString(dtype.torchName()));
        return Json.write(new JsonObject(members)) + "\n";
    }

    /** Copies the tokenizer's files and those of sentence-transformers. */
    static void copyOthers(Path from, Path to) throws IOException {
        for (String name : COPIED) {
            Path file = from.resolve(name);
            if (Files.isRegularFile(file)) {
                Path copy = to.resolve(name);
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy);
            }
        }
    }
}
