package dev.bgem3.tokenizer;

import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads the {@code tokenizer.json} of an XLM-RoBERTa tokenizer.
 *
 * <p>Several layouts are in use: transformers 4 wrote a normaliser that also squeezes or strips spaces, and a
 * Metaspace pre-tokenizer with or without WhitespaceSplit before it. All of them are taken for the one
 * pipeline of transformers 5, in which the split on white space makes those steps idle. Any other step is
 * refused by its type.
 */
final class TokenizerJson {
    private static final String WORD_MARK = String.valueOf(Encoder.WORD_MARK);
    /** What a piece takes in the file, indented; where it is not, there are more of them. */
    private static final int PIECE_BYTES = 64;

    private final SourceFile file;
    private final JsonReader reader;

    private Vocabulary vocabulary;
    private int unknownId;
    private Charsmap charsmap;
    private List<?> addedTokens = List.of();

    TokenizerJson(SourceFile file) {
        this.file = file;
        reader = new JsonReader(file);
    }

    Pipeline read() {
        Set<String> seen = new HashSet<>();
        reader.beginObject();
        for (String key = reader.nextKey(); key != null; key = reader.nextKey()) {
            if (!seen.add(key)) {
                throw reader.error("the key \"" + Messages.shown(key) + "\" again");
            }
            switch (key) {
                case "model" -> readModel();
                case "added_tokens" -> addedTokens = list("added_tokens", reader.value());
                case "normalizer" -> readNormalizer(reader.value());
                case "pre_tokenizer" -> checkPreTokenizer(reader.value());
                case "post_processor" -> checkPostProcessor(reader.value());
                case "decoder" -> checkDecoder(reader.value());
                // "truncation" and "padding" are among the rest: the caller says how long a text may be, and
                // nothing is padded.
                default -> reader.value();
            }
        }
        reader.endDocument();
        for (String key : List.of("model", "pre_tokenizer", "post_processor")) {
            if (!seen.contains(key)) {
                throw file.error("no \"" + key + "\"");
            }
        }
        Normalizer normalizer = new Normalizer(charsmap);
        return Pipeline.of(file, vocabulary, normalizer, unknownId, readAddedTokens());
    }

    private void readModel() {
        String type = null;
        Object unknown = null;
        Vocabulary.Builder builder = null;
        Set<String> seen = new HashSet<>();
        reader.beginObject();
        for (String key = reader.nextKey(); key != null; key = reader.nextKey()) {
            if (!seen.add(key)) {
                throw reader.error("the key \"" + Messages.shown(key) + "\" again");
            }
            switch (key) {
                case "type" -> type = checkType("model", reader.value(), "Unigram");
                case "unk_id" -> unknown = reader.value();
                case "vocab" -> builder = readVocabulary();
                case "byte_fallback" -> {
                    if (!Boolean.FALSE.equals(reader.value())) {
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
            builder.add(piece, length, reader.number());
            requireElement(!reader.nextElement());
        }
        return builder;
    }

    private void requireElement(boolean asExpected) {
        if (!asExpected) {
            throw reader.error("a vocabulary entry of another length (expected: [piece, score])");
        }
    }

    private void readNormalizer(Object normalizer) {
        if (normalizer == null) {
            return;
        }
        List<?> steps = List.of(normalizer);
        if (typeOf("normalizer", normalizer).equals("Sequence")) {
            steps = list("normalizer.normalizers", object("normalizer", normalizer).get("normalizers"));
        }
        for (Object step : steps) {
            Map<?, ?> fields = object("normalizer", step);
            switch (typeOf("normalizer", step)) {
                case "Precompiled" -> {
                    if (step != steps.getFirst()) {
                        throw file.error("normalizer: Precompiled is not the first step");
                    }
                    charsmap = new Charsmap(file, base64(fields.get("precompiled_charsmap")));
                }
                case "Replace" -> {
                    boolean squeezesSpaces = fields.get("pattern") instanceof Map<?, ?> pattern
                            && " {2,}".equals(pattern.get("Regex"))
                            && (" ".equals(fields.get("content")) || WORD_MARK.equals(fields.get("content")));
                    if (!squeezesSpaces) {
                        throw file.error("normalizer: Replace of " + Messages.shown(fields.get("pattern"))
                                + " (expected: of the regular expression \" {2,}\" by a space or ▁)");
                    }
                }
                case "Strip" -> {
                    // White space at the ends is in no word.
                }
                default -> throw unexpectedType("normalizer", step, "Precompiled, Replace or Strip");
            }
        }
    }

    private void checkPreTokenizer(Object preTokenizer) {
        List<?> steps = List.of(preTokenizer == null ? Map.of() : preTokenizer);
        if (typeOf("pre_tokenizer", preTokenizer).equals("Sequence")) {
            steps = list("pre_tokenizer.pretokenizers",
                    object("pre_tokenizer", preTokenizer).get("pretokenizers"));
        }
        if (steps.size() == 2) {
            checkType("pre_tokenizer", steps.getFirst(), "WhitespaceSplit");
        } else if (steps.size() != 1) {
            throw file.error(
                    "pre_tokenizer: " + steps.size() + " steps (expected: WhitespaceSplit and Metaspace)");
        }
        checkMetaspace("pre_tokenizer", steps.getLast());
    }

    private void checkDecoder(Object decoder) {
        if (decoder != null) {
            checkMetaspace("decoder", decoder);
        }
    }

    private void checkMetaspace(String where, Object step) {
        checkType(where, step, "Metaspace");
        Map<?, ?> fields = object(where, step);
        requireDefault(where, fields, "replacement", WORD_MARK);
        requireDefault(where, fields, "prepend_scheme", "always");
        requireDefault(where, fields, "add_prefix_space", true);
        requireDefault(where, fields, "split", true);
    }

    private void requireDefault(String where, Map<?, ?> fields, String key, Object expected) {
        Object value = fields.get(key);
        if (value != null && !value.equals(expected)) {
            throw file
                    .error(where + ": Metaspace with " + key + " " + Messages.shown(value) + " (expected: "
                            + expected + ")");
        }
    }

    private void checkPostProcessor(Object processor) {
        checkType("post_processor", processor, "TemplateProcessing");
        Map<?, ?> fields = object("post_processor", processor);
        StringBuilder template = new StringBuilder();
        for (Object element : list("post_processor.single", fields.get("single"))) {
            Map<?, ?> part = object("post_processor.single", element);
            if (part.get("SpecialToken") instanceof Map<?, ?> special) {
                template.append(special.get("id")).append(' ');
            } else if (part.get("Sequence") instanceof Map<?, ?> sequence) {
                template.append('$').append(sequence.get("id")).append(' ');
            }
        }
        if (!template.toString().equals("<s> $A </s> ")) {
            throw file.error(
                    "post_processor.single: " + Messages.shown(template.toString().strip())
                            + " (expected: <s> $A </s>)");
        }
    }

    private List<AddedToken> readAddedTokens() {
        List<AddedToken> tokens = new ArrayList<>();
        for (Object element : addedTokens) {
            Map<?, ?> fields = object("added_tokens", element);
            if (!(fields.get("content") instanceof String content)) {
                throw file.error("added_tokens: content " + Messages.shown(fields.get("content"))
                        + " (expected: a string)");
            }
            String where = "added_tokens: \"" + Messages.shown(content) + "\"";
            if (flag(where, fields, "single_word")) {
                throw file
                        .error(where + ": single_word is true (expected: false; that kind is not supported)");
            }
            flag(where, fields, "special"); // Split out of the text whether special or not.
            int id = integer(where + ": id", fields.get("id"), vocabulary.size() + addedTokens.size() - 1);
            tokens.add(new AddedToken(id, content, flag(where, fields, "normalized"),
                    flag(where, fields, "lstrip"),
                    flag(where, fields, "rstrip")));
        }
        return tokens;
    }

    private boolean flag(String where, Map<?, ?> fields, String key) {
        Object value = fields.get(key);
        if (value != null && !(value instanceof Boolean)) {
            throw file.error(where + ": " + key + " " + Messages.shown(value) + " (expected: true or false)");
        }
        return Boolean.TRUE.equals(value);
    }

    private byte[] base64(Object value) {
        if (!(value instanceof String text)) {
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

    private int integer(String where, Object value, int max) {
        if (value instanceof Double number && number >= 0 && number <= max && number == Math.rint(number)) {
            return number.intValue();
        }
        Object shown = value instanceof Double number && number == number.longValue()
                ? (Object) number.longValue()
                : value;
        throw file.error(where + ": " + Messages.shown(shown) + " (expected: 0.." + max + ")");
    }

    private String checkType(String where, Object value, String expected) {
        String type = value instanceof String name ? name : typeOf(where, value);
        if (!type.equals(expected)) {
            throw file.error(where + ": type " + Messages.shown(type) + " (expected: " + expected + ")");
        }
        return type;
    }

    private TokenizerException unexpectedType(String where, Object value, String expected) {
        return file.error(
                where + ": type " + Messages.shown(typeOf(where, value)) + " (expected: " + expected + ")");
    }

    private String typeOf(String where, Object value) {
        return object(where, value).get("type") instanceof String type ? type : "none";
    }

    private Map<?, ?> object(String where, Object value) {
        if (value instanceof Map<?, ?> map) {
            return map;
        }
        throw file.error(where + ": " + Messages.shown(value) + " (expected: an object)");
    }

    private List<?> list(String where, Object value) {
        if (value instanceof List<?> list) {
            return list;
        }
        throw file.error(where + ": " + Messages.shown(value) + " (expected: an array)");
    }
}
