package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.safetensors.SafetensorsReader;
import dev.bgem3.safetensors.ShardedTensors;
import dev.bgem3.torch.TorchReader;
import dev.bgem3.weights.TensorFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** The files that can contain an encoder's weights, in order of preference. */
public enum WeightFormat {
    /** A single safetensors file. */
    SAFETENSORS("model.safetensors"),
    /** The index of several safetensors files. */
    SAFETENSORS_INDEX("model.safetensors.index.json", "model-\\d{5}-of-\\d{5}\\.safetensors"),
    /** A file that {@code torch.save} wrote. */
    TORCH("pytorch_model.bin");

    private final String fileName;
    private final Pattern others;

    WeightFormat(String fileName) {
        this(fileName, "(?!)");
    }

    /** A format of several files; the names of the others match a pattern. */
    WeightFormat(String fileName, String others) {
        this.fileName = fileName;
        this.others = Pattern.compile(others);
    }

    /** Returns the name of the file in a model folder. */
    public String fileName() {
        return fileName;
    }

    /** Returns the names of all files, in order of preference. */
    public static List<String> fileNames() {
        return Arrays.stream(values()).map(WeightFormat::fileName).toList();
    }

    /** Returns the format of the first file that exists, if any does. */
    public static Optional<WeightFormat> of(Predicate<String> isThere) {
        return Arrays.stream(values()).filter(format -> isThere.test(format.fileName)).findFirst();
    }

    /** Returns whether a file of this name in a repository belongs to weights in this format. */
    public boolean includes(String name) {
        return name.equals(fileName) || others.matcher(name).matches();
    }

    /** Returns the names of the files of weights in this format in a folder, even if they do not exist. */
    public List<String> fileNamesIn(Path folder) {
        return switch (this) {
            case SAFETENSORS, TORCH -> List.of(fileName);
            case SAFETENSORS_INDEX -> ShardedTensors.shardNames(folder.resolve(fileName));
        };
    }

    /**
     * Opens the weights of a folder, in the first format of which there is a file.
     *
     * @throws ModelException
     *             if there is none, or it cannot be read
     */
    static TensorFile openIn(Path folder) {
        for (WeightFormat format : values()) {
            Path file = folder.resolve(format.fileName);
            // If the access check fails, the file may still exist; opening it then throws with the reason.
            if (!Files.notExists(file)) {
                return format.open(file);
            }
        }
        throw new ModelException(
                folder + ": no weights (expected one of: " + String.join(", ", fileNames()) + ")"
                        + OtherFiles.foundIn(folder));
    }

    private TensorFile open(Path file) {
        return switch (this) {
            case SAFETENSORS -> SafetensorsReader.open(file);
            case SAFETENSORS_INDEX -> ShardedTensors.open(file);
            case TORCH -> TorchReader.open(file);
        };
    }
}
