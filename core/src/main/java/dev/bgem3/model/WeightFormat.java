package dev.bgem3.model;

import dev.bgem3.safetensors.SafetensorsReader;
import dev.bgem3.safetensors.ShardedTensors;
import dev.bgem3.torch.TorchReader;
import dev.bgem3.weights.TensorFile;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The files that can contain an encoder's weights, in order of preference. */
public enum WeightFormat {
    /** A single safetensors file. */
    SAFETENSORS("model.safetensors"),
    /** The index of several safetensors files. */
    SAFETENSORS_INDEX("model.safetensors.index.json"),
    /** A file that {@code torch.save} wrote. */
    TORCH("pytorch_model.bin");

    private final String fileName;

    WeightFormat(String fileName) {
        this.fileName = fileName;
    }

    /** Returns the name of the file in a model folder. */
    public String fileName() {
        return fileName;
    }

    /** Returns the names of all files, in order of preference. */
    public static List<String> fileNames() {
        return Arrays.stream(values()).map(WeightFormat::fileName).toList();
    }

    TensorFile open(Path file) {
        return switch (this) {
            case SAFETENSORS -> SafetensorsReader.open(file);
            case SAFETENSORS_INDEX -> ShardedTensors.open(file);
            case TORCH -> TorchReader.open(file);
        };
    }
}
