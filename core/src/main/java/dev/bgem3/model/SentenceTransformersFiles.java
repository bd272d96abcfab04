package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.head.DenseHead;
import dev.bgem3.json.JsonObject;
import dev.bgem3.text.Messages;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.stream.Stream;

/**
 * The settings in the files that sentence-transformers writes beside a model; each file is optional.
 *
 * @param pooling
 *            from the {@code config.json} of the pooling module
 * @param moduleFiles
 *            the files of the modules after the encoder
 * @param denseLayers
 *            the folders of the modules that map a pooled vector to another, in their order
 * @param maxLength
 *            {@code max_seq_length} in {@code sentence_bert_config.json}
 * @param prompts
 *            the prompts that can be put before a text, by name: {@code prompts} in {@code
 *            config_sentence_transformers.json}
 * @param defaultPromptName
 *            {@code default_prompt_name}, one of the prompts
 */
public record SentenceTransformersFiles(Optional<DenseHead.Pooling> pooling, List<Path> moduleFiles,
        List<Path> denseLayers, OptionalInt maxLength, SequencedMap<String, String> prompts,
        Optional<String> defaultPromptName) {
    /** The settings of a folder without these files. */
    public static final SentenceTransformersFiles NONE = new SentenceTransformersFiles(Optional.empty(),
            List.of(), List.of(), OptionalInt.empty(), new LinkedHashMap<>(), Optional.empty());
    /** The names that the encoder's settings have had, in the order in which they are looked for. */
    private static final List<String> ENCODER = List.of("sentence_bert_config.json",
            "sentence_roberta_config.json", "sentence_xlm-roberta_config.json");
    /** The paths of these files in a model folder, with the pooling module in its usual folder. */
    public static final List<String> FILE_NAMES = Stream.of(List.of(FolderLayout.MODULES,
            FolderLayout.POOLING, FolderLayout.PROMPTS), ENCODER).flatMap(List::stream).toList();
    private static final int MAX_LENGTH = 1 << 24;
    /** The flags of older pooling files; newer files have {@code pooling_mode}. */
    private static final Map<String, DenseHead.Pooling> POOLING_SWITCHES = Map.of("pooling_mode_cls_token",
            DenseHead.Pooling.CLS, "pooling_mode_mean_tokens", DenseHead.Pooling.MEAN,
            "pooling_mode_lasttoken", DenseHead.Pooling.LAST_TOKEN);

    /** Copies the lists in their order. */
    public SentenceTransformersFiles {
        moduleFiles = List.copyOf(moduleFiles);
        denseLayers = List.copyOf(denseLayers);
        prompts = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(prompts));
    }

    /**
     * Reads the files that exist.
     *
     * @throws ModelException
     *             if a file cannot be read, or requires something that is not implemented, because the
     *             vectors would be silently wrong
     */
    static SentenceTransformersFiles read(FolderLayout layout) {
        ModuleList modules = ModuleList.read(layout.settings());
        Path prompts = layout.settings().resolve(FolderLayout.PROMPTS);
        Optional<DenseHead.Pooling> poolingFound = modules.pooling()
                .map(file -> ConfigFile.read(file, json -> pooling(file, json)));
        Optional<Path> encoder = layout.find(ENCODER);
        OptionalInt lengthFound = encoder.isEmpty()
                ? OptionalInt.empty()
                : ConfigFile.read(encoder.get(), json -> maxLength(encoder.get(), json));
        return Files.notExists(prompts)
                ? new SentenceTransformersFiles(poolingFound, modules.files(), modules.denseLayers(),
                        lengthFound, new LinkedHashMap<>(), Optional.empty())
                : ConfigFile.read(prompts, json -> {
                    SequencedMap<String, String> found = prompts(json);
                    return new SentenceTransformersFiles(poolingFound, modules.files(),
                            modules.denseLayers(), lengthFound, found,
                            defaultPromptName(prompts, json, found));
                });
    }

    /**
     * Returns whether a model's texts are converted to lower case: {@code do_lower_case}, which also applies
     * to the encoder alone.
     *
     * @throws ModelException
     *             if the file with it cannot be read
     */
    public static boolean lowerCases(FolderLayout layout) {
        Optional<Path> encoder = layout.find(ENCODER);
        return encoder.isPresent()
                && ConfigFile.read(encoder.get(), json -> json.bool("do_lower_case").orElse(false));
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
