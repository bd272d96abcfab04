package dev.bgem3;

import dev.bgem3.json.Json;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonValue;
import dev.bgem3.model.ModelConfig;
import dev.bgem3.model.ModelFolder;
import dev.bgem3.safetensors.SafetensorsFiles;
import dev.bgem3.safetensors.SafetensorsWriter;
import dev.bgem3.safetensors.Zeros;
import dev.bgem3.weights.DType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Consumer;

/**
 * The tiny model with changes, written as one fp32 safetensors file with the heads inside, unless told
 * otherwise, and {@code sentencepiece.bpe.model}.
 */
public final class ModelVariant {
    /** The names of the heads' tensors. */
    public static final List<String> HEADS = List.of("colbert_linear.weight", "colbert_linear.bias",
            "sparse_linear.weight", "sparse_linear.bias");

    private record Tensor(DType dtype, long[] shape, float[] values) {}

    private final SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
    private final SequencedMap<String, JsonValue> config;
    private final Map<String, byte[]> files = new LinkedHashMap<>();

    private ModelVariant(Path source) {
        try (ModelFolder folder = ModelFolder.open(source)) {
            folder.encoderTensors().forEach((name, tensor) -> tensors.put(name,
                    new Tensor(DType.F32, tensor.shape(), tensor.toFloats())));
            folder.headTensors().forEach((name, tensor) -> tensors.put(name,
                    new Tensor(DType.F32, tensor.shape(), tensor.toFloats())));
            config = new LinkedHashMap<>(
                    ((JsonObject) Json.parse(Files.readAllBytes(source.resolve(ModelConfig.FILE_NAME))))
                            .members());
            String tokenizer = "sentencepiece.bpe.model";
            files.put(tokenizer, Files.readAllBytes(source.resolve(tokenizer)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The tiny model, unchanged. */
    public static ModelVariant ofTiny() {
        return new ModelVariant(Fixtures.TINY);
    }

    /** The tiny cross-encoder, its encoder's tensors without prefix. */
    public static ModelVariant ofReranker() {
        return new ModelVariant(Fixtures.RERANKER);
    }

    /** The names of the encoder's and the heads' tensors. */
    public List<String> tensorNames() {
        return List.copyOf(tensors.keySet());
    }

    /** The shape of a tensor. */
    public long[] shape(String tensor) {
        return tensors.get(tensor).shape.clone();
    }

    /** Sets a member of {@code config.json} to a JSON text. */
    public ModelVariant config(String key, String json) {
        config.put(key, Json.parse(json.getBytes(StandardCharsets.UTF_8)));
        return this;
    }

    /** Leaves a member of {@code config.json} out. */
    public ModelVariant withoutConfig(String key) {
        config.remove(key);
        return this;
    }

    /** Leaves tensors out. */
    public ModelVariant without(List<String> names) {
        names.forEach(tensors::remove);
        return this;
    }

    /** Changes a tensor's numbers, row-major. */
    public ModelVariant change(String tensor, Consumer<float[]> change) {
        change.accept(tensors.get(tensor).values);
        return this;
    }

    /** Gives a tensor another shape, with its first numbers and then zeros. */
    public ModelVariant reshape(String tensor, long... shape) {
        Tensor old = tensors.get(tensor);
        long count = Arrays.stream(shape).reduce(1, Math::multiplyExact);
        tensors.put(tensor, new Tensor(old.dtype, shape, Arrays.copyOf(old.values, (int) count)));
        return this;
    }

    /** Gives a tensor another element type. */
    ModelVariant dtype(String tensor, DType dtype) {
        Tensor old = tensors.get(tensor);
        tensors.put(tensor, new Tensor(dtype, old.shape, old.values));
        return this;
    }

    /** Adds a tensor of zeros. */
    ModelVariant add(String tensor, DType dtype, long... shape) {
        int count = (int) Arrays.stream(shape).reduce(1, Math::multiplyExact);
        tensors.put(tensor, new Tensor(dtype, shape, new float[count]));
        return this;
    }

    /** Puts {@code prefix} before the names of the encoder's tensors. */
    public ModelVariant prefix(String prefix) {
        SequencedMap<String, Tensor> renamed = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> renamed
                .put(HEADS.contains(name) || name.startsWith("classifier.") ? name : prefix + name, tensor));
        tensors.clear();
        tensors.putAll(renamed);
        return this;
    }

    /** Sets a file's bytes, by its path in the folder. */
    public ModelVariant file(String name, byte[] bytes) {
        files.put(name, bytes);
        return this;
    }

    /** Sets a file's text, by its path in the folder. */
    public ModelVariant file(String name, String text) {
        return file(name, text.getBytes(StandardCharsets.UTF_8));
    }

    /** Leaves a file out. */
    public ModelVariant withoutFile(String name) {
        files.remove(name);
        return this;
    }

    /** Writes the folder and names it. */
    public Path write(Path folder) {
        List<SafetensorsWriter.Source> sources = new ArrayList<>();
        tensors.forEach((name, tensor) -> sources
                .add(new SafetensorsWriter.Source(name, tensor.dtype, tensor.shape, sink -> {
                    if (tensor.dtype.readableAsFloat()) {
                        sink.floats(tensor.values, 0, tensor.values.length);
                    } else {
                        int bytes = (int) tensor.dtype.sizeBytes(tensor.values.length);
                        Zeros.of(bytes).writeTo(sink);
                    }
                })));
        try {
            Files.createDirectories(folder);
            SafetensorsFiles.write(folder.resolve("model.safetensors"), sources);
            Files.writeString(folder.resolve(ModelConfig.FILE_NAME), Json.write(new JsonObject(config)));
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                Path path = folder.resolve(file.getKey());
                Files.createDirectories(path.getParent());
                Files.write(path, file.getValue());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return folder;
    }
}
