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
 * A modified copy of the tiny model, written by default as one fp32 safetensors file that includes the heads,
 * with {@code sentencepiece.bpe.model}.
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

    /** Returns the tiny model, unchanged. */
    public static ModelVariant ofTiny() {
        return new ModelVariant(Fixtures.TINY);
    }

    /** Returns the tiny cross-encoder, without a prefix in the names of its encoder's tensors. */
    public static ModelVariant ofReranker() {
        return new ModelVariant(Fixtures.RERANKER);
    }

    /** Returns the names of the encoder's and the heads' tensors. */
    public List<String> tensorNames() {
        return List.copyOf(tensors.keySet());
    }

    /** Returns the shape of a tensor. */
    public long[] shape(String tensor) {
        return tensors.get(tensor).shape.clone();
    }

    /** Sets a member of {@code config.json} to a JSON value. */
    public ModelVariant config(String key, String json) {
        config.put(key, Json.parse(json.getBytes(StandardCharsets.UTF_8)));
        return this;
    }

    /** Removes a member of {@code config.json}. */
    public ModelVariant withoutConfig(String key) {
        config.remove(key);
        return this;
    }

    /** Removes tensors. */
    public ModelVariant without(List<String> names) {
        names.forEach(tensors::remove);
        return this;
    }

    /** Removes all other tensors. */
    public ModelVariant only(List<String> names) {
        tensors.keySet().retainAll(names);
        return this;
    }

    /** Changes a tensor's elements, row-major. */
    public ModelVariant change(String tensor, Consumer<float[]> change) {
        change.accept(tensors.get(tensor).values);
        return this;
    }

    /** Changes a tensor's shape, keeping its first elements and filling the rest with zeros. */
    public ModelVariant reshape(String tensor, long... shape) {
        Tensor old = tensors.get(tensor);
        long count = Arrays.stream(shape).reduce(1, Math::multiplyExact);
        tensors.put(tensor, new Tensor(old.dtype, shape, Arrays.copyOf(old.values, (int) count)));
        return this;
    }

    /** Changes a tensor's element type. */
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

    /** Replaces the beginning of the names of tensors. */
    public ModelVariant rename(String start, String replacement) {
        SequencedMap<String, Tensor> renamed = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> renamed.put(
                name.startsWith(start) ? replacement + name.substring(start.length()) : name, tensor));
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

    /** Removes a file. */
    public ModelVariant withoutFile(String name) {
        files.remove(name);
        return this;
    }

    /** Writes the files into a folder and returns it. */
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
