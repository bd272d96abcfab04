package dev.bgem3.tokenizer;

import dev.bgem3.json.JsonArray;
import dev.bgem3.json.JsonBoolean;
import dev.bgem3.json.JsonException;
import dev.bgem3.json.JsonNull;
import dev.bgem3.json.JsonNumber;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonReader;
import dev.bgem3.json.JsonRules;
import dev.bgem3.json.JsonString;
import dev.bgem3.json.JsonValue;
import dev.bgem3.text.Messages;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads the {@code tokenizer.json} of an XLM-RoBERTa tokenizer.
 *
 * <p>Several layouts are in use: transformers 4 wrote a normaliser that also collapses or strips spaces, and
 * a Metaspace pre-tokenizer with or without WhitespaceSplit before it. This class reads all of them as the
 * pipeline of transformers 5, in which splitting on white space makes those steps redundant. An error names
 * the type of any other step.
 */
final class TokenizerJson {
    /** The value of a missing key. */
    private static final JsonValue NONE = new JsonNull();
    private static final String WORD_MARK = String.valueOf(UnigramEncoder.WORD_MARK);
    /** The approximate size of a piece in an indented file; a compact file has more pieces for its size. */
    private static final int PIECE_BYTES = 64;

    private final SourceFile file;
    private final JsonReader reader;

    private Vocabulary vocabulary;
    private int unknownId;
    private Charsmap charsmap;
    private boolean lowerCases;
    private List<JsonValue> addedTokens = List.of();

    TokenizerJson(SourceFile file) {
        this.file = file;
        reader = new JsonReader(file.bytes(), JsonRules.FILE);
    }

    Pipeline read() {
        try {
            return readFile();
        } catch (JsonException e) {
            throw new TokenizerException(file.name() + ": " + e.getMessage(), e);
        }
    }

    private Pipeline readFile() {
        Set<String> seen = new HashSet<>();
        reader.beginObject();
        for (String key = reader.nextKey(); key != null; key = reader.nextKey()) {
            if (!seen.add(key)) {
                throw reader.repeated(key);
            }
            switch (key) {
                case "model" -> readModel();
                case "added_tokens" -> addedTokens = list("added_tokens", reader.value());
                case "normalizer" -> readNormalizer(reader.value());
                case "pre_tokenizer" -> checkPreTokenizer(reader.value());
                case "post_processor" -> checkPostProcessor(reader.value());
                case "decoder" -> checkDecoder(reader.value());
                // Other keys are ignored. These include "truncation", because callers choose the maximum
                // length, and "padding", because nothing is padded.
                default -> reader.value();
            }
        }
        reader.end();
        for (String key : List.of("model", "pre_tokenizer", "post_processor")) {
            if (!seen.contains(key)) {
                throw file.error("no \"" + key + "\"");
            }
        }
        Normalizer normalizer = new Normalizer(charsmap, lowerCases);
        return Pipeline.of(file, vocabulary, normalizer, unknownId, readAddedTokens());
    }

    private void readModel() {
        String type = null;
        JsonValue unknown = NONE;
        Vocabulary.Builder builder = null;
        Set<String> seen = new HashSet<>();
        reader.beginObject();
        for (String key = reader.nextKey(); key != null; key = reader.nextKey()) {
            if (!seen.add(key)) {
                throw reader.repeated(key);
            }
            switch (key) {
                case "type" -> type = checkType("model", reader.value(), "Unigram");
                case "unk_id" -> unknown = reader.value();
                case "vocab" -> builder = readVocabulary();
                case "byte_fallback" -> {
                    if (!(reader.value() instanceof JsonBoolean(boolean fallsBack)) || fallsBack) {
                        throw file
                                .error("model.byte_fallback: not false (expected: false, as in XLM-RoBERTa)");
                    }
                }
                default -> reader.value();
            }
        }
        if (type == null || builder == null) {
            throw file.error("model: no \"" + (type == null ? "type" : "vocab") + "\"");
        }
        unknownId = integer("model.unk_id", unknown, builder.size() - 1);
        vocabulary = builder.build();
        if (!vocabulary.piece(unknownId).equals("<unk>")) {
            throw file.error("model.unk_id: " + unknownId + ", the piece \""
                    + Messages.shown(vocabulary.piece(unknownId))
                    + "\" (expected: the id of <unk>)");
        }
    }

    private Vocabulary.Builder readVocabulary() {
        Vocabulary.Builder builder = new Vocabulary.Builder(file, file.bytes().length / PIECE_BYTES);
        reader.beginArray();
        while (reader.nextElement()) {
            reader.beginArray();
            requireElement(reader.nextElement());
            reader.readString();
            char[] piece = reader.chars();
            int length = reader.charCount();
            requireElement(reader.nextElement());
            builder.add(piece, length, number());
            requireElement(!reader.nextElement());
        }
        return builder;
    }

    private double number() {
        reader.readNumber();
        double number = DecimalNumber.parse(file.bytes(), reader.tokenStart(), reader.tokenEnd());
        if (Double.isInfinite(number)) {
            throw reader.refused("a number beyond the range of a double");
        }
        return number;
    }

    private void requireElement(boolean asExpected) {
        if (!asExpected) {
            throw reader.refused("a vocabulary entry of another length (expected: [piece, score])");
        }
    }

    private void readNormalizer(JsonValue normalizer) {
        if (normalizer instanceof JsonNull) {
            return;
        }
        List<JsonValue> steps = List.of(normalizer);
        if (typeOf("normalizer", normalizer).equals("Sequence")) {
            steps = list("normalizer.normalizers", get(object("normalizer", normalizer), "normalizers"));
        }
        for (JsonValue step : steps) {
            JsonObject fields = object("normalizer", step);
            switch (typeOf("normalizer", step)) {
                case "Lowercase" -> {
                    if (step != steps.getFirst()) {
                        throw file.error("normalizer: Lowercase is not the first step");
                    }
                    lowerCases = true;
                }
                case "Precompiled" -> {
                    if (steps.indexOf(step) != (lowerCases ? 1 : 0)) {
                        throw file.error(
                                "normalizer: Precompiled is not the first step, except for Lowercase");
                    }
                    charsmap = new Charsmap(file, base64(get(fields, "precompiled_charsmap")));
                }
                case "Replace" -> {
                    boolean collapsesSpaces = get(fields, "pattern") instanceof JsonObject pattern
                            && get(pattern, "Regex") instanceof JsonString(String regex)
                            && regex.equals(" {2,}")
                            && get(fields, "content") instanceof JsonString(String content)
                            && (content.equals(" ") || content.equals(WORD_MARK));
                    if (!collapsesSpaces) {
                        throw file.error("normalizer: Replace of " + shown(get(fields, "pattern"))
                                + " (expected: of the regular expression \" {2,}\" by a space or ▁)");
                    }
                }
                case "Strip" -> {
                    // Splitting on white space drops it at the ends anyway.
                }
                default ->
                    throw unexpectedType("normalizer", step, "Lowercase, Precompiled, Replace or Strip");
            }
        }
    }

    private void checkPreTokenizer(JsonValue preTokenizer) {
        List<JsonValue> steps = List.of(preTokenizer);
        if (typeOf("pre_tokenizer", preTokenizer).equals("Sequence")) {
            steps = list("pre_tokenizer.pretokenizers",
                    get(object("pre_tokenizer", preTokenizer), "pretokenizers"));
        }
        if (steps.size() == 2) {
            checkType("pre_tokenizer", steps.getFirst(), "WhitespaceSplit");
        } else if (steps.size() != 1) {
            throw file.error(
                    "pre_tokenizer: " + steps.size() + " steps (expected: WhitespaceSplit and Metaspace)");
        }
        checkMetaspace("pre_tokenizer", steps.getLast());
    }

    private void checkDecoder(JsonValue decoder) {
        if (!(decoder instanceof JsonNull)) {
            checkMetaspace("decoder", decoder);
        }
    }

    private void checkMetaspace(String where, JsonValue step) {
        checkType(where, step, "Metaspace");
        JsonObject fields = object(where, step);
        requireDefault(where, fields, "replacement", WORD_MARK);
        requireDefault(where, fields, "prepend_scheme", "always");
        requireDefault(where, fields, "add_prefix_space", true);
        requireDefault(where, fields, "split", true);
    }

    private void requireDefault(String where, JsonObject fields, String key, Object expected) {
        JsonValue value = get(fields, key);
        if (!(value instanceof JsonNull) && !expected.equals(plain(value))) {
            throw file.error(
                    where + ": Metaspace with " + key + " " + shown(value) + " (expected: " + expected + ")");
        }
    }

    private void checkPostProcessor(JsonValue processor) {
        checkType("post_processor", processor, "TemplateProcessing");
        JsonObject fields = object("post_processor", processor);
        StringBuilder template = new StringBuilder();
        for (JsonValue element : list("post_processor.single", get(fields, "single"))) {
            JsonObject part = object("post_processor.single", element);
            if (get(part, "SpecialToken") instanceof JsonObject special) {
                template.append(name(special)).append(' ');
            } else if (get(part, "Sequence") instanceof JsonObject sequence) {
                template.append('$').append(name(sequence)).append(' ');
            }
        }
        if (!template.toString().equals("<s> $A </s> ")) {
            throw file.error(
                    "post_processor.single: " + Messages.shown(template.toString().strip())
                            + " (expected: <s> $A </s>)");
        }
    }

    private static String name(JsonObject part) {
        return get(part, "id") instanceof JsonString(String name) ? name : "?";
    }

    private List<AddedToken> readAddedTokens() {
        List<AddedToken> tokens = new ArrayList<>();
        for (JsonValue element : addedTokens) {
            JsonObject fields = object("added_tokens", element);
            if (!(get(fields, "content") instanceof JsonString(String content))) {
                throw file.error("added_tokens: content " + shown(get(fields, "content"))
                        + " (expected: a string)");
            }
            String where = "added_tokens: \"" + Messages.shown(content) + "\"";
            if (flag(where, fields, "single_word")) {
                throw file
                        .error(where + ": single_word is true (expected: false; that kind is not supported)");
            }
            // Only validates the flag: added tokens are split out of the text whether special or not.
            flag(where, fields, "special");
            int id = integer(where + ": id", get(fields, "id"), vocabulary.size() + addedTokens.size() - 1);
            tokens.add(new AddedToken(id, content, flag(where, fields, "normalized"),
                    flag(where, fields, "lstrip"),
                    flag(where, fields, "rstrip")));
        }
        return tokens;
    }

    private boolean flag(String where, JsonObject fields, String key) {
        JsonValue value = get(fields, key);
        if (!(value instanceof JsonNull || value instanceof JsonBoolean)) {
            throw file.error(where + ": " + key + " " + shown(value) + " (expected: true or false)");
        }
        return value instanceof JsonBoolean(boolean set) && set;
    }

    private byte[] base64(JsonValue value) {
        if (!(value instanceof JsonString(String text))) {
            throw file.error("normalizer: no precompiled_charsmap");
        }
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw new TokenizerException(
                    file.name() + ": normalizer: precompiled_charsmap is not Base64: " + e.getMessage(),
                    e);
        }
    }

    private int integer(String where, JsonValue value, int max) {
        if (value instanceof JsonNumber number) {
            double integer = number.asDouble();
            if (integer >= 0 && integer <= max && integer == Math.rint(integer)) {
                return (int) integer;
            }
        }
        String found = value instanceof JsonNumber number && number.asDouble() == (long) number.asDouble()
                ? Long.toString((long) number.asDouble())
                : shown(value);
        throw file.error(where + ": " + found + " (expected: 0.." + max + ")");
    }

    private String checkType(String where, JsonValue value, String expected) {
        String type = value instanceof JsonString(String name) ? name : typeOf(where, value);
        if (!type.equals(expected)) {
            throw file.error(where + ": type " + Messages.shown(type) + " (expected: " + expected + ")");
        }
        return type;
    }

    private TokenizerException unexpectedType(String where, JsonValue value, String expected) {
        return file.error(
                where + ": type " + Messages.shown(typeOf(where, value)) + " (expected: " + expected + ")");
    }

    private String typeOf(String where, JsonValue value) {
        return get(object(where, value), "type") instanceof JsonString(String type) ? type : "none";
    }

    private JsonObject object(String where, JsonValue value) {
        if (value instanceof JsonObject object) {
            return object;
        }
        throw file.error(where + ": " + shown(value) + " (expected: an object)");
    }

    private List<JsonValue> list(String where, JsonValue value) {
        if (value instanceof JsonArray(List<JsonValue> list)) {
            return list;
        }
        throw file.error(where + ": " + shown(value) + " (expected: an array)");
    }

    private static JsonValue get(JsonObject fields, String key) {
        return fields.get(key).orElse(NONE);
    }

    private static String shown(JsonValue value) {
        return Messages.shown(plain(value));
    }

    /**
     * Returns the value as maps, lists, strings, doubles, booleans and null. This uses {@code instanceof},
     * because the first {@code switch} over types delays the start of a process.
     */
    static Object plain(JsonValue value) {
        if (value instanceof JsonObject object) {
            Map<String, Object> fields = new LinkedHashMap<>();
            object.members().forEach((key, member) -> fields.put(key, plain(member)));
            return fields;
        }
        if (value instanceof JsonArray(List<JsonValue> elements)) {
            return elements.stream().map(TokenizerJson::plain).toList();
        }
        if (value instanceof JsonNumber number) {
            return number.asDouble();
        }
        if (value instanceof JsonBoolean(boolean bool)) {
            return bool;
        }
        return value instanceof JsonString(String string) ? string : null;
    }
}
