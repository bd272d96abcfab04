package dev.bgem3.model;

import dev.bgem3.safetensors.SafetensorsReader;
import dev.bgem3.safetensors.ShardedTensors;
import dev.bgem3.torch.TorchReader;
import dev.bgem3.weights.TensorFile;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The files that an encoder's weights may lie in; of several the first is read. */
public enum WeightFormat {
    /** One file of safetensors. */
    SAFETENSORS("model.safetensors"),
    /** The index of safetensors in several files. */
    SAFETENSORS_INDEX("model.safetensors.index.json"),
    /** What {@code torch.save} writes. */
    TORCH("pytorch_model.bin");

    private final String fileName;

    WeightFormat(String fileName) {
        this.fileName = fileName;
    }

    /** The name of the file in a model folder. */
    public String fileName() {
        return fileName;
    }

    /** The names of all of them, the preferred first. */
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
