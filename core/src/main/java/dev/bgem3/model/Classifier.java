package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.json.JsonArray;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonString;
import dev.bgem3.text.Messages;
import dev.bgem3.weights.StoredTensor;
import dev.bgem3.weights.TensorRows;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/** The classifier of a cross-encoder, with one label for the score of a pair. */
public final class Classifier {
    private static final String NO_LABEL = "LABEL_0";

    private final TensorTable table;
    private final NamedTensors tensors;
    private final String label;

    private Classifier(TensorTable table, NamedTensors tensors, String label) {
        this.table = table;
        this.tensors = tensors;
        this.label = label;
        layers();
    }

    /**
     * Returns the classifier of a folder if its {@code architectures} say that it has one, or if they are
     * absent and the classifier's tensors exist.
     *
     * @param encoder
     *            the encoder's tensors, beside which those of the classifier are
     * @throws ModelException
     *             if a tensor is missing or has the wrong shape, or there is more than one label
     */
    static Optional<Classifier> find(Path folder, ModelConfig config, NamedTensors encoder) {
        Path file = folder.resolve(ModelConfig.FILE_NAME);
        return ConfigFile.read(file, json -> {
            List<String> architectures = json.array("architectures").map(Classifier::strings)
                    .orElse(List.of());
            TensorTable table = config.family().classifierTensors(config);
            NamedTensors tensors = encoder.beside(table);
            boolean present = architectures.contains(config.family().classifierArchitecture())
                    || architectures.isEmpty()
                            && tensors.find(table.row(TensorRole.CLASSIFIER_OUTPUT).weight(0)).isPresent();
            return present
                    ? Optional.of(new Classifier(table, tensors, label(file, json)))
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

    /** Returns the name of the score in {@code id2label}. */
    public String label() {
        return label;
    }

    /** Returns the classifier's layers by name. */
    SequencedMap<String, LinearWeights> layers() {
        SequencedMap<String, LinearWeights> layers = new LinkedHashMap<>();
        table.rows().forEach(row -> layers.put(row.name(), tensors.linear(row)));
        return layers;
    }

    /** Returns the layer of a role, with its packed form if a file has it. */
    LinearWeights layer(TensorRole role, PackedLayers packed) {
        TensorTable.Row row = table.row(role);
        return packed.offer(row.name(), tensors.linear(row));
    }

    /** Returns the number of elements of the classifier's tensors. */
    long elementCount() {
        return table.elementCount();
    }

    /** Adds the classifier's tensors by name. */
    void addTensors(Map<String, TensorRows> all) {
        tensors.addTo(all, table);
    }

    /** Adds the classifier's tensors by name, without an adapter. */
    void addStored(Map<String, StoredTensor> all) {
        tensors.addStored(all, table);
    }
}
