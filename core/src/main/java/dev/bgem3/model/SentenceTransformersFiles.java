package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.head.DenseHead;
import dev.bgem3.json.JsonArray;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonValue;
import dev.bgem3.text.Messages;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.regex.Pattern;

/**
 * The settings in the files that sentence-transformers writes beside a model; each file is optional.
 *
 * @param pooling
 *            from the {@code config.json} of the pooling module, {@code 1_Pooling} unless {@code
 *            modules.json} says otherwise
 * @param maxLength
 *            {@code max_seq_length} in {@code sentence_bert_config.json}
 * @param prompts
 *            the prompts that can be put before a text, by name: {@code prompts} in {@code
 *            config_sentence_transformers.json}
 * @param defaultPromptName
 *            {@code default_prompt_name}, one of the prompts
 */
public record SentenceTransformersFiles(Optional<DenseHead.Pooling> pooling, OptionalInt maxLength,
        SequencedMap<String, String> prompts, Optional<String> defaultPromptName) {
    /** The settings of a folder without these files. */
    public static final SentenceTransformersFiles NONE = new SentenceTransformersFiles(Optional.empty(),
            OptionalInt.empty(), new LinkedHashMap<>(), Optional.empty());
    private static final String MODULES = "modules.json";
    private static final String POOLING_PATH = "1_Pooling";
    private static final String LENGTH = "sentence_bert_config.json";
    private static final String PROMPTS = "config_sentence_transformers.json";
    /** The paths of these files in a model folder, with the pooling module in its usual folder. */
    public static final List<String> FILE_NAMES = List.of(MODULES, POOLING_PATH + "/" + ModelConfig.FILE_NAME,
            LENGTH, PROMPTS);
    /** The name of a folder; it cannot lead outside the model folder. */
    private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z0-9_-]{1,100}");
    private static final int MAX_LENGTH = 1 << 24;
    /** The flags of older pooling files; newer files have {@code pooling_mode}. */
    private static final Map<String, DenseHead.Pooling> POOLING_SWITCHES = Map.of("pooling_mode_cls_token",
            DenseHead.Pooling.CLS, "pooling_mode_mean_tokens", DenseHead.Pooling.MEAN,
            "pooling_mode_lasttoken", DenseHead.Pooling.LAST_TOKEN);

    /** Copies the prompts in the order of the file. */
    public SentenceTransformersFiles {
        prompts = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(prompts));
    }

    /**
     * Reads the files that exist in a folder.
     *
     * @throws ModelException
     *             if a file cannot be read, or requires something that is not implemented, because the
     *             vectors would be silently wrong
     */
    static SentenceTransformersFiles read(Path folder) {
        Path modules = folder.resolve(MODULES);
        String poolingPath = Files.notExists(modules)
                ? POOLING_PATH
                : ConfigFile.readArray(modules, list -> poolingPath(modules, list));
        Path pooling = folder.resolve(poolingPath).resolve(ModelConfig.FILE_NAME);
        Path length = folder.resolve(LENGTH);
        Path prompts = folder.resolve(PROMPTS);
        Optional<DenseHead.Pooling> poolingFound = Files.notExists(pooling)
                ? Optional.empty()
                : Optional.of(ConfigFile.read(pooling, json -> pooling(pooling, json)));
        OptionalInt lengthFound = Files.notExists(length)
                ? OptionalInt.empty()
                : ConfigFile.read(length, json -> maxLength(length, json));
        return Files.notExists(prompts)
                ? new SentenceTransformersFiles(poolingFound, lengthFound, new LinkedHashMap<>(),
                        Optional.empty())
                : ConfigFile.read(prompts, json -> {
                    SequencedMap<String, String> found = prompts(json);
                    return new SentenceTransformersFiles(poolingFound, lengthFound, found,
                            defaultPromptName(prompts, json, found));
                });
    }

    /** Returns the folder of the pooling module; throws if the list has an unsupported module. */
    private static String poolingPath(Path file, JsonArray modules) {
        List<String> types = new ArrayList<>();
        String poolingPath = POOLING_PATH;
        for (JsonValue element : modules.elements()) {
            String place = file + ": module " + types.size() + ": ";
            if (!(element instanceof JsonObject module)) {
                throw new ModelException(place + element.describe() + " (expected: an object)");
            }
            String type = module.string("type").orElse("");
            String path = module.string("path").orElse("");
            String name = type.substring(type.lastIndexOf('.') + 1);
            types.add(name);
            switch (name) {
                case "Transformer" -> {
                    if (!path.isEmpty()) {
                        throw new ModelException(place + "path: \"" + Messages.printable(path)
                                + "\" (expected: \"\", the encoder in the folder itself)");
                    }
                }
                case "Pooling" -> {
                    if (!PLAIN_NAME.matcher(path).matches()) {
                        throw new ModelException(place + "path: \"" + Messages.printable(path)
                                + "\" (expected: the name of a folder)");
                    }
                    poolingPath = path;
                }
                case "Normalize" -> {
                    // Dense vectors are normalised anyway, unless a call turns this off.
                }
                default -> throw new ModelException(place + "type: \"" + Messages.printable(type)
                        + "\" (expected: Transformer, Pooling or Normalize, which are computed here)");
            }
        }
        if (!types.contains("Pooling")) {
            throw new ModelException(file + ": modules: " + types + " (expected: a Pooling among them)");
        }
        return poolingPath;
    }

    private static DenseHead.Pooling pooling(Path file, JsonObject json) {
        if (!json.bool("include_prompt").orElse(true)) {
            throw new ModelException(file
                    + ": include_prompt: false (expected: true, the tokens of a prompt among those that"
                    + " are pooled)");
        }
        Optional<String> mode = json.string("pooling_mode");
        if (mode.isPresent()) {
            return switch (mode.get()) {
                case "cls" -> DenseHead.Pooling.CLS;
                case "mean" -> DenseHead.Pooling.MEAN;
                case "lasttoken", "last_token" -> DenseHead.Pooling.LAST_TOKEN;
                default -> throw new ModelException(
                        file + ": pooling_mode: \"" + Messages.printable(mode.get())
                                + "\" (expected: one of cls, lasttoken, mean)");
            };
        }
        List<String> on = json.members().keySet().stream().filter(key -> key.startsWith("pooling_mode_"))
                .filter(key -> json.bool(key).orElse(false)).toList();
        if (on.size() != 1 || !POOLING_SWITCHES.containsKey(on.getFirst())) {
            throw new ModelException(
                    file + ": pooling modes: " + Messages.printable(on.toString()) + " (expected: one of "
                            + POOLING_SWITCHES.keySet().stream().sorted().toList() + ")");
        }
        return POOLING_SWITCHES.get(on.getFirst());
    }

    private static OptionalInt maxLength(Path file, JsonObject json) {
        if (json.integer("max_seq_length").isEmpty()) {
            return OptionalInt.empty();
        }
        long length = json.integer("max_seq_length").getAsLong();
        if (length < 2 || length > MAX_LENGTH) {
            throw new ModelException(
                    file + ": max_seq_length: " + length + " (expected: 2.." + MAX_LENGTH + ")");
        }
        return OptionalInt.of((int) length);
    }

    private static SequencedMap<String, String> prompts(JsonObject json) {
        SequencedMap<String, String> prompts = new LinkedHashMap<>();
        json.object("prompts").ifPresent(object -> object.members().keySet()
                .forEach(name -> object.string(name).ifPresent(prompt -> prompts.put(name, prompt))));
        return prompts;
    }

    private static Optional<String> defaultPromptName(Path file, JsonObject json,
            Map<String, String> prompts) {
        Optional<String> name = json.string("default_prompt_name");
        name.filter(given -> !prompts.containsKey(given)).ifPresent(given -> {
            throw new ModelException(file + ": default_prompt_name: \"" + Messages.printable(given)
                    + "\" (expected: one of its prompts, " + Messages.printable(prompts.keySet().toString())
                    + ")");
        });
        return name;
    }
}
