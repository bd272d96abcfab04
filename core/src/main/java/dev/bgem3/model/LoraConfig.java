package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.json.JsonArray;
import dev.bgem3.json.JsonBoolean;
import dev.bgem3.json.JsonNull;
import dev.bgem3.json.JsonNumber;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonString;
import dev.bgem3.json.JsonValue;
import dev.bgem3.text.Messages;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * The configuration of a LoRA adapter (Hu et al. 2021), as peft writes it in {@code adapter_config.json}.
 * Modules are named as in the base model.
 */
final class LoraConfig {
    static final String FILE_NAME = "adapter_config.json";

    /** Keys that say nothing about the layers once they are trained. */
    private static final Set<String> WITHOUT_EFFECT = Set.of("auto_mapping", "base_model_name_or_path",
            "ensure_weight_tying", "eva_config", "exclude_modules", "inference_mode", "lora_dropout",
            "megatron_core", "peft_version", "qalora_group_size", "revision", "runtime_config", "task_type");
    /** Keys that are read here. */
    private static final Set<String> READ = Set.of("alpha_pattern", "bias", "init_lora_weights", "lora_alpha",
            "peft_type", "r", "rank_pattern", "target_modules", "use_rslora");
    /** The initialisations that leave the base model as it is. */
    private static final Set<String> PLAIN_STARTS = Set.of("gaussian", "eva", "orthogonal");
    private static final int MAX_RANK = 65_536;

    private final Path file;
    private final int rank;
    private final double alpha;
    private final boolean rankStabilised;
    private final Predicate<String> targets;
    private final SequencedMap<Pattern, Double> ranks;
    private final SequencedMap<Pattern, Double> alphas;

    private LoraConfig(Path file, JsonObject json) {
        this.file = file;
        ConfigReader reader = new ConfigReader(file, json);
        reader.require("peft_type", "LORA");
        reader.requireUnlessAbsent("bias", "none");
        json.members().forEach((key, value) -> {
            if (!WITHOUT_EFFECT.contains(key) && !READ.contains(key) && isSet(value)) {
                throw reader.error(key + ": " + Messages.printable(value.describe())
                        + " (expected: not set, since it is not merged here)");
            }
        });
        checkStart(json.get("init_lora_weights"));
        rank = reader.size("r", 1, MAX_RANK);
        alpha = json.number("lora_alpha").orElseThrow(() -> reader.error("lora_alpha: absent"));
        rankStabilised = json.bool("use_rslora").orElse(false);
        targets = targets(json.get("target_modules"));
        ranks = patterns(json, "rank_pattern");
        alphas = patterns(json, "alpha_pattern");
    }

    /**
     * Reads the configuration of a folder.
     *
     * @throws ModelException
     *             if it cannot be read, or asks for something that is not merged here
     */
    static LoraConfig read(Path folder) {
        Path file = folder.resolve(FILE_NAME);
        return ConfigFile.read(file, json -> new LoraConfig(file, json));
    }

    /**
     * Returns the folder of the base model that a folder's adapter names by its path, which counts from here
     * as in Python or from the adapter, or by its name in the cache.
     *
     * @throws ModelException
     *             if there is none
     */
    static Path base(Path folder, HubCache cache) {
        Path file = folder.resolve(FILE_NAME);
        String key = "base_model_name_or_path";
        String name = ConfigFile.read(file, json -> json.string(key)).orElse("");
        List<Path> paths = new ArrayList<>();
        try {
            paths.add(Path.of(name).toAbsolutePath().normalize());
            paths.add(folder.resolve(name).toAbsolutePath().normalize());
        } catch (InvalidPathException _) {
            // It may still be a name.
        }
        Optional<Path> found = name.isEmpty()
                ? Optional.empty()
                : paths.stream().filter(Files::isDirectory).findFirst();
        boolean isName = HubCache.isName(name);
        return found.or(() -> isName ? cache.find(name) : Optional.empty())
                .orElseThrow(() -> new ModelException(file + ": an adapter without its base model, and " + key
                        + ": \"" + Messages.printable(name) + "\" is not there; looked for the folders "
                        + Messages.shown(paths) + (isName ? " and in " + cache.folder(name) : "")
                        + " (expected: the base model in one of them, or beside the adapter"
                        + (isName ? "; bgem3 download " + name + " fetches it" : "") + ")"));
    }

    private static boolean isSet(JsonValue value) {
        return switch (value) {
            case JsonNull _ -> false;
            case JsonBoolean(boolean bool) -> bool;
            case JsonArray(List<JsonValue> elements) -> !elements.isEmpty();
            case JsonObject object -> !object.members().isEmpty();
            case JsonString _,JsonNumber _ -> true;
        };
    }

    private void checkStart(Optional<JsonValue> start) {
        if (start.isPresent() && start.get() instanceof JsonString(String name)
                && !PLAIN_STARTS.contains(name)) {
            throw error("init_lora_weights: \"" + Messages.printable(name)
                    + "\" (expected: one that leaves the base model as it is: true, false or "
                    + PLAIN_STARTS.stream().sorted().toList() + ")");
        }
    }

    /** A module is a target by its name, by the end of it after a dot, or by a regular expression. */
    private Predicate<String> targets(Optional<JsonValue> value) {
        return switch (value.orElse(new JsonNull())) {
            case JsonNull _ -> _ -> true;
            case JsonString(String name) when name.equals("all-linear") -> _ -> true;
            case JsonString(String expression) -> compile("target_modules", expression).asMatchPredicate();
            case JsonArray(List<JsonValue> names) -> module -> names.stream()
                    .anyMatch(name -> name instanceof JsonString(String text)
                            && (module.equals(text) || module.endsWith("." + text)));
            case JsonValue other -> throw error(
                    "target_modules: " + other.describe() + " (expected: a list of names, or a string)");
        };
    }

    /** As peft does, matches each key, a regular expression, with the end of a module's name after a dot. */
    private SequencedMap<Pattern, Double> patterns(JsonObject json, String key) {
        SequencedMap<Pattern, Double> patterns = new LinkedHashMap<>();
        json.object(key).ifPresent(object -> object.members().keySet().forEach(name -> patterns.put(
                compile(key, "(.*\\.)?(" + name + ")"),
                object.number(name).orElseThrow(() -> error(key + ": \"" + Messages.printable(name)
                        + "\": null (expected: a number)")))));
        return patterns;
    }

    private Pattern compile(String key, String expression) {
        try {
            return Pattern.compile(expression);
        } catch (PatternSyntaxException e) {
            throw new ModelException(file + ": " + key + ": \"" + Messages.printable(expression)
                    + "\" (expected: a regular expression): " + e.getDescription(), e);
        }
    }

    private ModelException error(String message) {
        return new ModelException(file + ": " + message);
    }

    /** Returns whether a module has an adapter. */
    boolean isTarget(String module) {
        return targets.test(module);
    }

    /** Returns the rank of a module's factors. */
    int rank(String module) {
        double own = valueFor(module, ranks, rank);
        if (own != Math.rint(own) || own < 1 || own > MAX_RANK) {
            throw error("rank_pattern: " + own + " (expected: 1.." + MAX_RANK + ")");
        }
        return (int) own;
    }

    /** Returns the factor of a module's product. */
    float scale(String module) {
        int r = rank(module);
        return (float) (valueFor(module, alphas, alpha) / (rankStabilised ? Math.sqrt(r) : r));
    }

    private static double valueFor(String module, Map<Pattern, Double> patterns, double otherwise) {
        return patterns.entrySet().stream().filter(entry -> entry.getKey().matcher(module).matches())
                .findFirst().map(Map.Entry::getValue).orElse(otherwise);
    }
}
