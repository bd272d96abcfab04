package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.kernel.Kernels;
import java.util.List;

/**
 * What the models of one {@code model_type} have in common: the format of {@code config.json}, the names of
 * their tensors and the forward pass. Everything that depends on the family is here; no code infers it from a
 * size or a name.
 *
 * <p>
 * A new family is a new class, registered in {@link #ALL}, and an {@link Encoder} if its forward pass
 * differs. Values of {@code config.json} that only this family has stay in it: {@link #readConfig} may put an
 * instance with them into {@link ModelConfig#family}. The tokenizer's files determine which tokenizer a model
 * has, because models of a family may have different ones.
 */
public interface ModelFamily {
    /** XLM-RoBERTa: BGE-M3, bge-reranker-v2-m3. */
    ModelFamily XLM_ROBERTA = new XlmRobertaFamily();
    /** BERT: multilingual-e5-small. */
    ModelFamily BERT = new BertFamily();
    /** All families, in the order in which messages name them. */
    List<ModelFamily> ALL = List.of(XLM_ROBERTA, BERT);

    /** Returns the value of {@code model_type} in {@code config.json}. */
    String modelType();

    /**
     * Reads and checks the rest of {@code config.json}.
     *
     * @throws ModelException
     *             if a value is absent, of the wrong type, out of range or not implemented
     */
    ModelConfig readConfig(ConfigReader json);

    /** Returns the encoder's tensors. */
    TensorTable tensors(ModelConfig config);

    /**
     * Returns the prefixes that {@code transformers} gives the encoder's tensors; the first match is used.
     * Any other prefix is accepted if no other encoder is in the file.
     */
    List<String> prefixes();

    /** Returns the name of a cross-encoder of the family in {@code architectures} of {@code config.json}. */
    String classifierArchitecture();

    /** Returns the tensors of a cross-encoder's classifier, which have no prefix. */
    TensorTable classifierTensors(ModelConfig config);

    /** Returns the prefix that {@code transformers} gives the encoder's tensors beside a classifier. */
    String prefixBesideClassifier();

    /**
     * Creates an encoder with its weights in the kernels' layout.
     *
     * @param layerTaken
     *            runs after each layer, whose weights are not read from the files again
     */
    Encoder encoder(ModelConfig config, EncoderWeights weights, Kernels kernels, Runnable layerTaken);
}
