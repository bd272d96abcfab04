package dev.bgem3.model;

import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** The names and shapes of an encoder's tensors, as {@code transformers} writes them. */
public final class TensorNames {
    private TensorNames() {}

    /** All of them, in the order in which {@code transformers} writes them. */
    public static SequencedMap<String, long[]> of(ModelConfig config) {
        int c = config.hiddenSize();
        int f = config.intermediateSize();
        SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("embeddings.word_embeddings.weight", new long[]{config.vocabSize(), c});
        shapes.put("embeddings.position_embeddings.weight", new long[]{config.maxPositions(), c});
        shapes.put("embeddings.token_type_embeddings.weight", new long[]{config.typeVocabSize(), c});
        putPair(shapes, "embeddings.LayerNorm", c);
        for (int i = 0; i < config.layerCount(); i++) {
            String layer = "encoder.layer." + i + ".";
            putPair(shapes, layer + "attention.self.query", c, c);
            putPair(shapes, layer + "attention.self.key", c, c);
            putPair(shapes, layer + "attention.self.value", c, c);
            putPair(shapes, layer + "attention.output.dense", c, c);
            putPair(shapes, layer + "attention.output.LayerNorm", c);
            putPair(shapes, layer + "intermediate.dense", f, c);
            putPair(shapes, layer + "output.dense", c, f);
            putPair(shapes, layer + "output.LayerNorm", c);
        }
        return shapes;
    }

    private static void putPair(SequencedMap<String, long[]> shapes, String name, long... weightShape) {
        shapes.put(name + ".weight", weightShape);
        shapes.put(name + ".bias", new long[]{weightShape[0]});
    }
}
