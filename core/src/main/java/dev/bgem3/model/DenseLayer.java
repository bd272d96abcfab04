package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.json.JsonObject;
import dev.bgem3.text.Messages;
import dev.bgem3.weights.TensorFile;
import java.nio.file.Path;

/**
 * A Dense module of sentence-transformers, which maps a pooled vector to another, perhaps of another size.
 *
 * @param linear
 *            the layer, {@code [out_features, in_features]}
 * @param tanh
 *            whether the hyperbolic tangent of its output is taken
 */
public record DenseLayer(LinearWeights linear, boolean tanh) {
    private static final String INPUT = "sentence_embedding";
    private static final String ACTIVATIONS = "torch.nn.modules.";

    /** What {@code config.json} of the module says. */
    private record Config(int inputSize, int outputSize, boolean bias, boolean tanh) {}

    /** Returns the size of its output. */
    public int outputSize() {
        return linear.weight().rows();
    }

    /**
     * Reads a module.
     *
     * @param weights
     *            its open file
     * @param inputSize
     *            the size of the vectors before it
     * @throws ModelException
     *             if it is for vectors of another size, computes something that is not computed here, or a
     *             tensor is missing or has another shape than the configuration says
     */
    static DenseLayer read(Path folder, TensorFile weights, int inputSize) {
        Path file = folder.resolve(ModelConfig.FILE_NAME);
        Config config = ConfigFile.read(file, json -> config(file, json, inputSize));
        NamedTensors named = NamedTensors.ofLayerFile(weights.path(), weights.tensors());
        float[] bias = config.bias
                ? named.vector("linear.bias", config.outputSize)
                : new float[config.outputSize];
        return new DenseLayer(new LinearWeights(
                named.matrix("linear.weight", config.outputSize, config.inputSize), bias, true), config.tanh);
    }

    private static Config config(Path file, JsonObject json, int inputSize) {
        ConfigReader reader = new ConfigReader(file, json);
        int in = reader.size("in_features", 1, ModelConfig.MAX_SIZE);
        if (in != inputSize) {
            throw reader.error("in_features: " + in + " (expected: " + inputSize
                    + ", the size of the vectors before it)");
        }
        String activation = json.string("activation_function").orElse(ACTIVATIONS + "activation.Tanh");
        boolean tanh = activation.endsWith(".Tanh");
        if (!activation.startsWith("torch.nn.") || !tanh && !activation.endsWith(".Identity")) {
            throw reader.error("activation_function: \"" + Messages.printable(activation)
                    + "\" (expected: Tanh or Identity of torch.nn)");
        }
        if (json.bool("use_residual").orElse(false)) {
            throw reader.error("use_residual: true (expected: false, which is computed here)");
        }
        reader.requireUnlessAbsent("module_input_name", INPUT);
        reader.requireUnlessAbsent("module_output_name", INPUT);
        int out = reader.size("out_features", 1, ModelConfig.MAX_SIZE);
        if ((long) in * out > ModelConfig.MAX_ELEMENTS) {
            throw reader.error("in_features, out_features: " + in + " · " + out
                    + " (expected: a product of at most " + ModelConfig.MAX_ELEMENTS + ")");
        }
        return new Config(in, out, json.bool("bias").orElse(true), tanh);
    }
}
