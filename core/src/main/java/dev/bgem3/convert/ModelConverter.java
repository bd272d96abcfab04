package dev.bgem3.convert;

import dev.bgem3.error.ModelException;
import dev.bgem3.json.Json;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonString;
import dev.bgem3.json.JsonValue;
import dev.bgem3.model.ModelConfig;
import dev.bgem3.model.ModelFolder;
import dev.bgem3.model.WeightFormat;
import dev.bgem3.safetensors.SafetensorsWriter;
import dev.bgem3.safetensors.TensorSink;
import dev.bgem3.weights.DType;
import dev.bgem3.weights.TensorRows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;

/**
 * Rewrites a model folder of any readable layout as one {@code model.safetensors}, heads included, in one
 * element type.
 */
public final class ModelConverter {
    private ModelConverter() {}

    /**
     * Converts a folder.
     *
     * {@snippet file="dev/bgem3/sample/ConvertSamplesTest.java" region="convert"}
     *
     * @param folder
     *            the model to read
     * @param target
     *            the folder to write, new or empty; its files appear only when all of them are complete
     * @param dtype
     *            the element type of its weights
     * @throws ModelException
     *             if the model cannot be read, a weight is not finite or too large for the type, or the
     *             target cannot be written
     */
    public static void convert(Path folder, Path target, WeightType dtype) {
        convert(folder, target, dtype, WriteListener.NONE);
    }

    /**
     * Converts a folder and reports progress to a listener.
     *
     * @param listener
     *            receives the progress; an exception from it ends the conversion and leaves nothing behind
     */
    public static void convert(Path folder, Path target, WeightType dtype, WriteListener listener) {
        Objects.requireNonNull(folder, "folder");
        Objects.requireNonNull(target, "target");
        Objects.requireNonNull(dtype, "dtype");
        Objects.requireNonNull(listener, "listener");
        DType type = dtype.stored();
        try (ModelFolder model = ModelFolder.open(folder)) {
            SequencedMap<String, TensorRows> tensors = new LinkedHashMap<>();
            // Named as in transformers, which takes a classifier for another model's unless the encoder's
            // tensors have this prefix.
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
                        configuration(model.layout().encoder().resolve(ModelConfig.FILE_NAME), dtype));
                SideFiles.copy(model.layout(), model.sentenceTransformers(), part);
            });
        }
    }

    private static void write(TensorRows tensor, DType type, TensorSink sink) throws IOException {
        long[] shape = tensor.shape();
        int columns = (int) shape[shape.length - 1];
        long rows = tensor.elementCount() / columns;
        float most = switch (type) {
            case F16 -> 65_519.996f; // The largest fp32 number that rounds to the largest fp16 one, 65,504.
            case BF16 -> 0x1.fefffep127f; // The largest fp32 number that rounds to the largest bf16 one.
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

    /** Returns the configuration with the element type of the new file. */
    private static String configuration(Path file, WeightType dtype) throws IOException {
        SequencedMap<String, JsonValue> members = new LinkedHashMap<>(
                ((JsonObject) Json.parse(Files.readAllBytes(file))).members());
        members.put(members.containsKey("dtype") ? "dtype" : "torch_dtype",
                new JsonString(dtype.torchName()));
        return Json.write(new JsonObject(members)) + "\n";
    }
}
