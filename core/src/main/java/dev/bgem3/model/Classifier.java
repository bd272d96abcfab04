package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.json.JsonArray;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonString;
import dev.bgem3.text.Messages;
import dev.bgem3.weights.StoredTensor;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/** The classifier of a cross-encoder, {@code XLMRobertaForSequenceClassification}, with its one label: the score of a pair. */
public final class Classifier {
    /** What {@code architectures} in {@code config.json} calls such a model. */
    public static final String ARCHITECTURE = "XLMRobertaForSequenceClassification";
    /** The layer before the tanh, as it is called in the files. */
    static final String DENSE = "classifier.dense";
    /** The layer behind it. */
    static final String OUT_PROJ = "classifier.out_proj";
    private static final String NO_LABEL = "LABEL_0";

    private final ModelConfig config;
    private final NamedTensors tensors;
    private final String label;

    private Classifier(ModelConfig config, NamedTensors tensors, String label) {
        this.config = config;
        this.tensors = tensors;
        this.label = label;
        layers();
    }

    /**
     * The classifier of a folder whose {@code architectures} say that there is one, or say nothing beside its tensors.
     *
     * @param tensors
     *            all of the encoder's file, without prefix
     * @throws ModelException
     *             where a tensor is missing or misshapen, or there is more than one label
     */
    static Optional<Classifier> find(Path folder, ModelConfig config, NamedTensors tensors) {
        Path file = folder.resolve(ModelConfig.FILE_NAME);
        return ConfigFile.read(file, json -> {
            List<String> architectures = json.array("architectures").map(Classifier::strings)
                    .orElse(List.of());
            boolean present = architectures.contains(ARCHITECTURE)
                    || architectures.isEmpty() && tensors.find(OUT_PROJ + ".weight").isPresent();
            return present
                    ? Optional.of(new Classifier(config, tensors, label(file, json)))
                    : Optional.empty();
        });
    }

    private static List<String> strings(JsonArray array) {
        return array.elements().stream().filter(JsonString.class::isInstance)
                .map(element -> ((JsonString) element).value()).toList();
    }

    private static String label(Path file, JsonObject json) {
        SequencedMap<String, String> labels = new LinkedHashMap<>();
        json.object("id2label").ifPresent(object -> object.members().keySet()
                .forEach(id -> labels.put(id, object.string(id).orElse(""))));
        if (labels.size() > 1 || labels.size() == 1 && !labels.containsKey("0")) {
            throw new ModelException(file + ": id2label: " + Messages.printable(labels.toString()) + ", "
                    + labels.size() + " labels (expected: one, 0, the score of a pair)");
        }
        return labels.getOrDefault("0", NO_LABEL);
    }

    /** What {@code id2label} calls the score. */
    public String label() {
        return label;
    }

    /** [C, C]: what comes before the tanh. */
    HeadWeights dense() {
        return layer(DENSE, config.hiddenSize());
    }

    /** [1, C]: what comes behind it. */
    HeadWeights output() {
        return layer(OUT_PROJ, 1);
    }

    /** Both by name. */
    SequencedMap<String, HeadWeights> layers() {
        SequencedMap<String, HeadWeights> layers = new LinkedHashMap<>();
        layers.put(DENSE, dense());
        layers.put(OUT_PROJ, output());
        return layers;
    }

    /** Their tensors by name. */
    SequencedMap<String, StoredTensor> tensors() {
        int c = config.hiddenSize();
        SequencedMap<String, StoredTensor> all = new LinkedHashMap<>();
        all.put(DENSE + ".weight", tensors.require(DENSE + ".weight", c, c));
        all.put(DENSE + ".bias", tensors.require(DENSE + ".bias", c));
        all.put(OUT_PROJ + ".weight", tensors.require(OUT_PROJ + ".weight", 1, c));
        all.put(OUT_PROJ + ".bias", tensors.require(OUT_PROJ + ".bias", 1));
        return all;
    }

    private HeadWeights layer(String name, int outputSize) {
        return new HeadWeights(tensors.matrix(name + ".weight", outputSize, config.hiddenSize()),
                tensors.vector(name + ".bias", outputSize), true);
    }
}
