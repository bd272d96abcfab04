package dev.bgem3.tokenizer;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A small model that can be written as either file; a test can damage any part of it. */
final class SyntheticTokenizer {
    /** The pieces after the three special ones, with their scores. */
    final List<Map.Entry<String, Float>> pieces = new ArrayList<>(
            List.of(Map.entry("▁", -2f), Map.entry("a", -3f),
                    Map.entry("b", -3.5f), Map.entry("ab", -4f), Map.entry("▁ab", -4.5f), Map.entry("é", -5f),
                    Map.entry("日本", -6.25f),
                    Map.entry("😀", -7f)));
    List<String> firstPieces = List.of("<unk>", "<s>", "</s>");
    byte[] charsmap = charsmap(Map.of("A", "a", "e\u0301", "é", "ﬁ", "fi", "\u3000", " ", "x", ""));
    Map<Integer, Integer> trainerFields = new LinkedHashMap<>(Map.of(3, 1));
    Map<Integer, Integer> normalizerFields = new LinkedHashMap<>();
    String normalizer = "{\"type\": \"Precompiled\", \"precompiled_charsmap\": \"%s\"}";
    String preTokenizer = """
            {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"},
              {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true}]}""";
    String postProcessor = """
            {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
              {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}]}""";
    String decoder = "{\"type\": \"Metaspace\", \"replacement\": \"▁\", \"prepend_scheme\": \"always\"}";
    String modelType = "Unigram";
    String unknownId = "3";
    String byteFallback = "false";
    /** JSON that is appended to the five special tokens, after a comma. */
    String moreAddedTokens = "";

    byte[] sentencePiece() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = 0; i < firstPieces.size(); i++) {
            writeMessage(out, 1, piece(firstPieces.get(i), 0f, i == 0 ? 2 : 3));
        }
        for (Map.Entry<String, Float> entry : pieces) {
            writeMessage(out, 1, piece(entry.getKey(), entry.getValue(), 0));
        }
        writeMessage(out, 2, varints(trainerFields));
        ByteArrayOutputStream spec = new ByteArrayOutputStream();
        writeMessage(spec, 1, "nmt_nfkc".getBytes(StandardCharsets.UTF_8));
        writeMessage(spec, 2, charsmap);
        spec.writeBytes(varints(normalizerFields));
        writeMessage(out, 3, spec.toByteArray());
        return out.toByteArray();
    }

    byte[] json() {
        StringBuilder vocab = new StringBuilder(
                "[[\"<s>\", 0.0], [\"<pad>\", 0], [\"</s>\", 0.0], [\"<unk>\", 0e0]");
        for (Map.Entry<String, Float> entry : pieces) {
            vocab.append(",\n[\"").append(entry.getKey()).append("\", ").append((double) entry.getValue())
                    .append(']');
        }
        vocab.append(",\n[\"<mask>\", 0.0]]");
        StringBuilder added = new StringBuilder();
        String[] special = {"<s>", "<pad>", "</s>", "<unk>"};
        for (int i = 0; i < special.length; i++) {
            added.append(addedToken(i, special[i], "\"special\": true")).append(",\n");
        }
        added.append(addedToken(pieces.size() + 4, "<mask>", "\"lstrip\": true, \"normalized\": true"));
        return """
                {"version": "1.0", "truncation": null, "padding": null,
                 "added_tokens": [%s%s],
                 "normalizer": %s,
                 "pre_tokenizer": %s,
                 "post_processor": %s,
                 "decoder": %s,
                 "model": {"type": "%s", "unk_id": %s, "byte_fallback": %s, "vocab": %s}}
                """
                .formatted(added, moreAddedTokens.isEmpty() ? "" : ", " + moreAddedTokens,
                        normalizer.formatted(Base64.getEncoder().encodeToString(charsmap)), preTokenizer,
                        postProcessor,
                        decoder, modelType, unknownId, byteFallback, vocab)
                .getBytes(StandardCharsets.UTF_8);
    }

    static String addedToken(int id, String content, String flags) {
        return "{\"id\": %d, \"content\": \"%s\", %s}".formatted(id, content, flags);
    }

    XlmRobertaTokenizer loadSentencePiece(Path folder) {
        return XlmRobertaTokenizer
                .fromSentencePiece(write(folder.resolve("sentencepiece.bpe.model"), sentencePiece()));
    }

    XlmRobertaTokenizer loadJson(Path folder) {
        return XlmRobertaTokenizer.fromTokenizerJson(write(folder.resolve("tokenizer.json"), json()));
    }

    static Path write(Path file, byte[] bytes) {
        try {
            return Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns a charsmap in SentencePiece's format, with its double array laid out greedily. */
    static byte[] charsmap(Map<String, String> replacements) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        TreeMap<String, Integer> values = new TreeMap<>();
        replacements.forEach((key, replacement) -> {
            values.put(latin1(key), text.size());
            text.writeBytes((replacement + "\0").getBytes(StandardCharsets.UTF_8));
        });
        int[] units = new int[2048];
        boolean[] used = new boolean[units.length];
        used[0] = true;
        place(units, used, 0, "", values);
        return charsmap(units, text.toByteArray());
    }

    static byte[] charsmap(int[] units, byte[] text) {
        ByteBuffer out = ByteBuffer.allocate(4 + units.length * 4 + text.length)
                .order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(units.length * 4);
        out.asIntBuffer().put(units);
        out.position(4 + units.length * 4);
        return out.put(text).array();
    }

    private static void place(int[] units, boolean[] used, int index, String prefix,
            TreeMap<String, Integer> values) {
        List<Character> labels = new ArrayList<>();
        for (String key : values.tailMap(prefix).keySet()) {
            if (key.startsWith(prefix)) {
                char label = key.length() == prefix.length() ? 0 : key.charAt(prefix.length());
                if (!labels.contains(label)) {
                    labels.add(label);
                }
            }
        }
        int base = 1;
        while (!free(used, base, labels)) {
            base++;
        }
        units[index] |= (index ^ base) << 10;
        for (char label : labels) {
            used[base ^ label] = true;
            units[base ^ label] = label;
        }
        for (char label : labels) {
            if (label == 0) {
                units[index] |= 1 << 8;
                units[base] = values.get(prefix) | 1 << 31;
            } else {
                place(units, used, base ^ label, prefix + label, values);
            }
        }
    }

    private static boolean free(boolean[] used, int base, List<Character> labels) {
        return labels.stream().noneMatch(label -> used[base ^ label]);
    }

    private static String latin1(String key) {
        return new String(key.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    private static byte[] piece(String text, float score, int type) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        writeMessage(out, 1, text.getBytes(StandardCharsets.UTF_8));
        out.write(2 << 3 | 5);
        out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(score).array());
        if (type != 0) {
            out.writeBytes(varints(Map.of(3, type)));
        }
        return out.toByteArray();
    }

    private static byte[] varints(Map<Integer, Integer> fields) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        fields.forEach((field, value) -> {
            writeVarint(out, field << 3);
            writeVarint(out, value);
        });
        return out.toByteArray();
    }

    private static void writeMessage(ByteArrayOutputStream out, int field, byte[] bytes) {
        writeVarint(out, field << 3 | 2);
        writeVarint(out, bytes.length);
        out.writeBytes(bytes);
    }

    private static void writeVarint(ByteArrayOutputStream out, int value) {
        int rest = value;
        while (rest > 0x7F) {
            out.write(rest & 0x7F | 0x80);
            rest >>>= 7;
        }
        out.write(rest);
    }
}
