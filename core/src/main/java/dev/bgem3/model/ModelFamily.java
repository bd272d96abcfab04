package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.kernel.Kernels;
import java.util.List;

/**
 * What the models of one {@code model_type} have in common: how {@code config.json} is read, what their
 * tensors are called, and which forward pass they take. Everything that depends on the family is asked here;
 * nothing infers it from a size or a name.
 *
 * <p>
 * A new family is a class of its own, registered in {@link #ALL}, and an {@link Encoder} if its forward pass
 * is another. Values of {@code config.json} that only it knows are its own: {@link #readConfig} may put an
 * instance that carries them into {@link ModelConfig#family}. Which tokenizer a model has is decided by the
 * tokenizer's files, since a family may come with different ones.
 */
public interface ModelFamily {
    /** XLM-RoBERTa: BGE-M3, bge-reranker-v2-m3. */
    ModelFamily XLM_ROBERTA = new XlmRobertaFamily();
    /** BERT: multilingual-e5-small. */
    ModelFamily BERT = new BertFamily();
    /** Every family, in the order in which messages name them. */
    List<ModelFamily> ALL = List.of(XLM_ROBERTA, BERT);

    /** What {@code model_type} in {@code config.json} says. */
    String modelType();

    /**
     * Reads and checks the rest of {@code config.json}.
     *
     * @throws ModelException
     *             if a value is absent, of the wrong type, out of range or not implemented
     */
    ModelConfig readConfig(ConfigReader json);

    /** The encoder's tensors. */
    TensorTable tensors(ModelConfig config);

    /** What a file may put before the names of the encoder's tensors; the first that fits is taken. */
    List<String> prefixes();

    /** How many rows the table of word embeddings may have beyond the tokenizer's ids. */
    int maxSpareRows();

    /** What {@code architectures} in {@code config.json} calls a cross-encoder of the family. */
    String classifierArchitecture();

    /** The tensors of a cross-encoder's classifier, which have no prefix. */
    TensorTable classifierTensors(ModelConfig config);

    /** The prefix that {@code transformers} writes before the encoder's tensors beside a classifier. */
    String prefixBesideClassifier();

    /**
     * Takes the weights into the kernels' layout.
     *
     * @param layerTaken
     *            run after each layer, whose weights are not read from the files again
     */
    Encoder encoder(ModelConfig config, EncoderWeights weights, Kernels kernels, Runnable layerTaken);
}
