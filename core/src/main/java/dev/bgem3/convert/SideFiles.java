package dev.bgem3.convert;

import dev.bgem3.json.Json;
import dev.bgem3.json.JsonArray;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonString;
import dev.bgem3.json.JsonValue;
import dev.bgem3.model.FolderLayout;
import dev.bgem3.model.ModelConfig;
import dev.bgem3.model.SentenceTransformersFiles;
import dev.bgem3.model.WeightFormat;
import dev.bgem3.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Stream;

/** Copies the files besides configuration and weights into a folder that has all in one place. */
final class SideFiles {
    private static final List<String> TOKENIZER = Stream
            .of(Tokenizer.FILE_NAMES, List.of("tokenizer_config.json", "special_tokens_map.json"))
            .flatMap(List::stream).toList();

    private SideFiles() {}

    /** Copies the files of the tokenizer and of sentence-transformers that exist. */
    static void copy(FolderLayout from, SentenceTransformersFiles settings, Path to) throws IOException {
        copyTokenizer(from, to);
        for (String name : SentenceTransformersFiles.FILE_NAMES) {
            copyIfThere(from.find(List.of(name)).orElse(from.settings().resolve(name)), to.resolve(name));
        }
        Path modules = to.resolve(FolderLayout.MODULES);
        if (Files.exists(modules) && !from.encoder().equals(from.settings())) {
            Files.writeString(modules, withEncoderInTheFolder(modules));
        }
        for (Path file : settings.moduleFiles()) {
            copyIfThere(file, to.resolve(from.settings().relativize(file).toString()));
        }
    }

    /** Copies the files of the tokenizer that exist. */
    static void copyTokenizer(FolderLayout from, Path to) throws IOException {
        for (String name : TOKENIZER) {
            copyIfThere(from.folderOf(Tokenizer.FILE_NAMES).resolve(name), to.resolve(name));
        }
    }

    private static void copyIfThere(Path file, Path copy) throws IOException {
        if (Files.isRegularFile(file) && Files.notExists(copy)) {
            Files.createDirectories(copy.getParent());
            Files.copy(file, copy);
        }
    }

    /** Returns the list of modules with the encoder's path empty. */
    private static String withEncoderInTheFolder(Path file) throws IOException {
        JsonArray modules = (JsonArray) Json.parse(Files.readAllBytes(file));
        return Json.write(new JsonArray(modules.elements().stream().map(SideFiles::inTheFolder).toList()))
                + "\n";
    }

    private static JsonValue inTheFolder(JsonValue value) {
        if (!(value instanceof JsonObject module)
                || !module.string("type").orElse("").endsWith(FolderLayout.ENCODER_TYPE)) {
            return value;
        }
        SequencedMap<String, JsonValue> members = new LinkedHashMap<>(module.members());
        members.put("path", new JsonString(""));
        return new JsonObject(members);
    }
}
