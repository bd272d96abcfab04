package dev.bgem3;

import dev.bgem3.error.BackendException;
import dev.bgem3.error.ModelException;
import dev.bgem3.json.Json;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonString;
import dev.bgem3.json.JsonValue;
import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.model.ModelConfig;
import dev.bgem3.model.ModelFolder;
import dev.bgem3.safetensors.SafetensorsWriter;
import dev.bgem3.safetensors.TensorSink;
import dev.bgem3.weights.DType;
import dev.bgem3.weights.StoredTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;

/**
 * Rewrites a model folder of any readable layout as one {@code model.safetensors}, heads included, in one
 * element type; and keeps packed weights beside a model, for a faster start.
 */
public final class ModelConverter {
    /** What a folder holds besides weights and configuration, copied where it is there. */
    private static final List<String> COPIED = List.of("tokenizer.json", "sentencepiece.bpe.model",
            "tokenizer_config.json", "special_tokens_map.json", "modules.json", "1_Pooling/config.json",
            "sentence_bert_config.json", "config_sentence_transformers.json");

    private ModelConverter() {}

    /**
     * Converts a folder.
     *
     * @param folder
     *            the model to read
     * @param target
     *            the folder to write: new or empty, and there only when it is complete
     * @param dtype
     *            {@link Precision#FP32}, {@link Precision#FP16} or {@link Precision#BF16}
     * @throws ModelException
     *             where the model cannot be read, a weight is not finite or too large for the type, or the
     *             target cannot be written
     */
    public static void convert(Path folder, Path target, Precision dtype) {
        convert(folder, target, dtype, WriteListener.NONE);
    }

    /**
     * As without a listener.
     *
     * @param listener
     *            told how much is written; what it throws ends the conversion, and nothing is left
     */
    public static void convert(Path folder, Path target, Precision dtype, WriteListener listener) {
        Objects.requireNonNull(listener, "listener");
        DType type = switch (dtype) {
            case FP32 -> DType.F32;
            case FP16 -> DType.F16;
            case BF16 -> DType.BF16;
            case AUTO, INT8 -> throw new IllegalArgumentException(
                    "dtype: " + dtype.label() + " (expected: fp32, fp16 or bf16)");
        };
        try (ModelFolder model = ModelFolder.open(folder)) {
            SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();
            // As transformers names them, which takes a classifier beside an encoder without prefix for another's.
            String prefix = model.classifier().isPresent() ? "roberta." : "";
            model.encoderTensors().forEach((name, tensor) -> tensors.put(prefix + name, tensor));
            tensors.putAll(model.headTensors());
            List<SafetensorsWriter.Source> sources = new ArrayList<>();
            tensors.forEach(
                    (name, tensor) -> sources.add(new SafetensorsWriter.Source(name, type, tensor.shape(),
                            sink -> write(tensor, type, sink))));
            FolderWriter.write(target, part -> {
                SafetensorsWriter.write(part.resolve("model.safetensors"), sources, listener::onWritten);
                Files.writeString(part.resolve(ModelConfig.FILE_NAME),
                        configuration(folder.resolve(ModelConfig.FILE_NAME), dtype));
                copyOthers(folder, part);
            });
        }
    }

    /**
     * Packs a model's linear layers for a precision as the kernels that would compute it on this machine lay them out, and keeps them
     * in a file beside the model: {@code model.<layout>.packed}. Whoever loads the model for such kernels then maps the file in place
     * of packing, and shares its memory with others that do. The file takes 4 bytes for each weight in fp32, 2 in bf16, 1 in int8. It
     * is left unused where it fits neither the model nor the kernels any more, or is damaged.
     *
     * @param folder
     *            the model, in any readable layout
     * @param precision
     *            {@link Precision#FP32}, {@link Precision#BF16} or {@link Precision#INT8}
     * @param listener
     *            told how much is written; what it throws ends the work, and nothing is left
     * @return the file
     * @throws ModelException
     *             where the model cannot be read or the file cannot be written
     * @throws BackendException
     *             where no kernels compute that precision here, or the ones that do have no layout to keep
     */
    public static Path pack(Path folder, Precision precision, WriteListener listener) {
        Objects.requireNonNull(listener, "listener");
        Placement placement = placement(precision);
        try (ModelFolder model = ModelFolder.open(folder);
                Kernels kernels = placement.open(0, Runtime.getRuntime().availableProcessors())) {
            return model.writePacked(kernels, listener::onWritten).orElseThrow(() -> new BackendException(
                    "kernels: " + kernels.description()
                            + " (expected: ones whose packed weights can be kept)"));
        }
    }

    /**
     * Finds out whether there are kernels for {@link #pack} to pack for, before the work; whether their layout can be kept it does not.
     *
     * @throws BackendException
     *             where no kernels compute that precision here
     */
    public static void checkKernels(Precision precision) {
        placement(precision);
    }

    private static Placement placement(Precision precision) {
        if (precision == Precision.AUTO || precision == Precision.FP16) {
            throw new IllegalArgumentException(
                    "precision: " + precision.label() + " (expected: fp32, bf16 or int8)");
        }
        return Placement.choose(LoadOptions.builder().device("cpu").precision(precision).build(),
                KernelProviders.all());
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
    private static String configuration(Path file, Precision dtype) throws IOException {
        SequencedMap<String, JsonValue> members = new LinkedHashMap<>(
                ((JsonObject) Json.parse(Files.readAllBytes(file))).members());
        Map<Precision, String> names = Map.of(Precision.FP32, "float32", Precision.FP16, "float16",
                Precision.BF16,
                "bfloat16");
        members.put(members.containsKey("dtype") ? "dtype" : "torch_dtype", new JsonString(names.get(dtype)));
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
