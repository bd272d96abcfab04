package dev.bgem3.model;

import dev.bgem3.kernel.Int8Policy;
import dev.bgem3.kernel.MatrixSource;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** The encoder's linear layers by name, as the model's files have them. */
final class LinearLayers {
    /** What follows {@code encoder.layer.N.} in the names: the three projections in one product, [3·C, C]. */
    static final String QUERY_KEY_VALUE = "attention.self";
    /** [C, C]. */
    static final String ATTENTION_OUTPUT = "attention.output.dense";
    /** [F, C]. */
    static final String INTERMEDIATE = "intermediate.dense";
    /** [C, F]. */
    static final String OUTPUT = "output.dense";

    private LinearLayers() {}

    /** What the names of a layer's parts begin with. */
    static String prefix(int layer) {
        return "encoder.layer." + layer + ".";
    }

    /** The linear layers of a model's encoder. */
    static SequencedMap<String, HeadWeights> of(ModelConfig config, NamedTensors tensors) {
        int c = config.hiddenSize();
        int f = config.intermediateSize();
        SequencedMap<String, HeadWeights> layers = new LinkedHashMap<>();
        for (int i = 0; i < config.layerCount(); i++) {
            String prefix = prefix(i);
            layers.put(prefix + QUERY_KEY_VALUE,
                    queryKeyValue(tensors, prefix + QUERY_KEY_VALUE + ".", c,
                            Int8Policy.isPrecise(i, true, c)));
            put(layers, tensors, prefix + ATTENTION_OUTPUT, c, c, Int8Policy.isPrecise(i, true, c));
            put(layers, tensors, prefix + INTERMEDIATE, f, c, Int8Policy.isPrecise(i, false, c));
            put(layers, tensors, prefix + OUTPUT, c, f, Int8Policy.isPrecise(i, false, f));
        }
        return layers;
    }

    private static void put(SequencedMap<String, HeadWeights> layers, NamedTensors tensors, String name,
            int outputSize, int inputSize, boolean precise) {
        layers.put(name, new HeadWeights(tensors.matrix(name + ".weight", outputSize, inputSize),
                tensors.vector(name + ".bias", outputSize), precise));
    }

    private static HeadWeights queryKeyValue(NamedTensors tensors, String self, int c, boolean precise) {
        float[] bias = new float[3 * c];
        System.arraycopy(tensors.vector(self + "query.bias", c), 0, bias, 0, c);
        System.arraycopy(tensors.vector(self + "key.bias", c), 0, bias, c, c);
        System.arraycopy(tensors.vector(self + "value.bias", c), 0, bias, 2 * c, c);
        return new HeadWeights(MatrixSource.stacked(tensors.matrix(self + "query.weight", c, c),
                tensors.matrix(self + "key.weight", c, c), tensors.matrix(self + "value.weight", c, c)),
                bias, precise);
    }
}
