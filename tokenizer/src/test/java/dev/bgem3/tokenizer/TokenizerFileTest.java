package dev.bgem3.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checks what the two files may contain, and the errors for what they may not. */
class TokenizerFileTest {
    @TempDir
    private Path folder;

    @Test
    void bothFilesOfAModelGiveTheSameIds() {
        XlmRobertaTokenizer json = new SyntheticTokenizer().loadJson(folder);
        XlmRobertaTokenizer model = new SyntheticTokenizer().loadSentencePiece(folder);
        assertThat(json.vocabSize()).isEqualTo(model.vocabSize()).isEqualTo(13);
        for (String text : List.of("ab ab", "Ab\u3000e\u0301", "ﬁ日本😀", "a <mask>b", "axb", "▁a", "a▁b▁▁",
                "zz\0z a", "<s>b<unk>")) {
            assertThat(model.encode(text).ids()).as(text).isEqualTo(json.encode(text).ids());
        }
        assertThat(json.encode("Ab").ids()).containsExactly(0, 8, 2);
        // This charsmap does not replace ▁, so that one in the text begins a piece, as in Metaspace.
        assertThat(json.encode("a▁b").ids()).containsExactly(0, 4, 5, 4, 6, 2);
        assertThat(json.encode("zz\0z a").ids()).containsExactly(0, 4, 3, 4, 5, 2);
    }

    @Test
    void readsTheLayoutsOfTransformers4() {
        int[] expected = new SyntheticTokenizer().loadJson(folder).encode("ab  A <mask>  b ").ids();
        SyntheticTokenizer collapsing = new SyntheticTokenizer();
        collapsing.normalizer = """
                {"type": "Sequence", "normalizers": [%s,
                  {"type": "Strip", "strip_left": false, "strip_right": true},
                  {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}]}"""
                .formatted(collapsing.normalizer);
        collapsing.preTokenizer = """
                {"type": "Metaspace", "replacement": "▁", "add_prefix_space": true,
                  "prepend_scheme": "always"}""";
        assertThat(collapsing.loadJson(folder).encode("ab  A <mask>  b ").ids()).isEqualTo(expected);
    }

    @Test
    void aModelWithoutACharsmapLeavesTheTextAsItIs() {
        SyntheticTokenizer plain = new SyntheticTokenizer();
        plain.charsmap = new byte[0];
        assertThat(plain.loadSentencePiece(folder).encode("ab A").ids()).containsExactly(0, 8, 4, 3, 2);
        plain.normalizer = "null";
        assertThat(plain.loadJson(folder).encode("ab A").ids()).containsExactly(0, 8, 4, 3, 2);
    }

    @Test
    void honoursTheFlagsOfAddedTokens() {
        SyntheticTokenizer model = new SyntheticTokenizer();
        model.moreAddedTokens = SyntheticTokenizer.addedToken(7, "ab",
                "\"rstrip\": true, \"special\": false");
        assertThat(model.loadJson(folder).encode("bab \u3000 b").ids()).containsExactly(0, 4, 6, 7, 4, 6, 2);
    }

    @Test
    void numbersUnknownAddedTokensAfterTheModelsPieces() {
        SyntheticTokenizer model = new SyntheticTokenizer();
        model.moreAddedTokens = SyntheticTokenizer.addedToken(13, "[new]", "\"normalized\": true") + ", "
                + SyntheticTokenizer.addedToken(14, "[A]", "\"normalized\": true");
        XlmRobertaTokenizer tokenizer = model.loadJson(folder);
        assertThat(tokenizer.vocabSize()).isEqualTo(15);
        assertThat(tokenizer.id("[new]")).hasValue(13);
        // Both the text and the tokens' contents are normalised before the search.
        assertThat(tokenizer.encode("ab[new][a][A]").ids()).containsExactly(0, 8, 13, 14, 14, 2);
        assertThat(tokenizer.decode(8, 13, 14)).isEqualTo("ab[new][A]");
    }

    @Test
    void namesTheStepsThatItDoesNotSupport() {
        refusesJson(m -> m.modelType = "BPE", "model: type BPE (expected: Unigram)");
        refusesJson(m -> m.byteFallback = "true", "model.byte_fallback: not false");
        refusesJson(m -> m.unknownId = "null", "model.unk_id: null (expected: 0..12)");
        refusesJson(m -> m.unknownId = "5", "model.unk_id: 5, the piece \"a\" (expected: the id of <unk>)");
        refusesJson(m -> m.unknownId = "3.5", "model.unk_id: 3.5 (expected: 0..12)");
        refusesJson(m -> m.normalizer = "{\"type\": \"NFKC\"}",
                "normalizer: type NFKC (expected: Lowercase, Precompiled, Replace or Strip)");
        refusesJson(m -> m.normalizer = "{\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"Strip\"}, "
                + "{\"type\": \"Lowercase\"}]}", "normalizer: Lowercase is not the first step");
        refusesJson(
                m -> m.normalizer = "{\"type\": \"Replace\", \"pattern\": {\"String\": \"a\"},"
                        + " \"content\": \"b\"}",
                "normalizer: Replace of {String=a}");
        refusesJson(m -> m.normalizer = "{\"type\": \"Precompiled\"}", "normalizer: no precompiled_charsmap");
        refusesJson(m -> m.normalizer = "{\"type\": \"Precompiled\", \"precompiled_charsmap\": \"*\"}",
                "normalizer: precompiled_charsmap is not Base64");
        refusesJson(m -> m.preTokenizer = "{\"type\": \"ByteLevel\"}",
                "pre_tokenizer: type ByteLevel (expected: Metaspace)");
        refusesJson(m -> m.preTokenizer = "null", "pre_tokenizer: null (expected: an object)");
        refusesJson(m -> m.preTokenizer = m.preTokenizer.replace("always", "first"),
                "pre_tokenizer: Metaspace with prepend_scheme first (expected: always)");
        refusesJson(m -> m.postProcessor = "{\"type\": \"BertProcessing\"}",
                "post_processor: type BertProcessing (expected: TemplateProcessing)");
        refusesJson(m -> m.postProcessor = m.postProcessor.replace("</s>", "<s>"),
                "post_processor.single: <s> $A <s> (expected: <s> $A </s>)");
        refusesJson(m -> m.decoder = "{\"type\": \"WordPiece\"}",
                "decoder: type WordPiece (expected: Metaspace)");
        refusesJson(m -> m.moreAddedTokens = SyntheticTokenizer.addedToken(7, "ab", "\"single_word\": true"),
                "added_tokens: \"ab\": single_word is true");
        refusesJson(m -> m.moreAddedTokens = SyntheticTokenizer.addedToken(7, "a", "\"lstrip\": false"),
                "added_tokens: \"a\" has id 7, the piece \"ab\"");
        refusesJson(m -> m.moreAddedTokens = SyntheticTokenizer.addedToken(14, "new", "\"lstrip\": false"),
                "added_tokens: \"new\" has id 14 (expected: 13)");
        refusesJson(m -> m.moreAddedTokens = SyntheticTokenizer.addedToken(13, "ab", "\"lstrip\": false"),
                "added_tokens: \"ab\" has id 13 (expected: 7)");
        refusesJson(m -> m.moreAddedTokens = SyntheticTokenizer.addedToken(99, "new", "\"lstrip\": false"),
                "added_tokens: \"new\": id: 99 (expected: 0..18)");
        refusesJson(m -> m.moreAddedTokens = SyntheticTokenizer.addedToken(2, "</s>", "\"lstrip\": false"),
                "added_tokens: \"</s>\" again");
        refusesJson(m -> m.moreAddedTokens = SyntheticTokenizer.addedToken(7, "ab", "\"lstrip\": 1"),
                "added_tokens: \"ab\": lstrip 1.0 (expected: true or false)");
    }

    @Test
    void showsTheFilesContentShortenedAndOnOneLine() {
        String content = "a\\n\\u2028" + "漢".repeat(200);
        refusesJson(m -> m.moreAddedTokens = SyntheticTokenizer.addedToken(99, content, "\"lstrip\": false"),
                "added_tokens: \"a??" + "漢".repeat(97) + "...\": id: 99 (expected: 0..");
        refusesJson(m -> m.normalizer = "[" + "1,".repeat(1000) + "1]",
                "normalizer: [" + "1.0, ".repeat(19) + "1.0,... (expected: an object)");
        refusesJson(m -> m.modelType = "B\\r\\nPE", "model: type B??PE (expected: Unigram)");
    }

    @Test
    void refusesSentencePieceModelsOfOtherKinds() {
        refusesModel(m -> m.trainerFields.put(3, 2), "model_type: 2 (expected: 1, UNIGRAM)");
        refusesModel(m -> m.trainerFields.put(35, 1),
                "byte_fallback: true (expected: false, as in XLM-RoBERTa)");
        refusesModel(m -> m.trainerFields.put(24, 1), "treat_whitespace_as_suffix: true");
        refusesModel(m -> m.normalizerFields.put(3, 0),
                "add_dummy_prefix: false (expected: true, as in XLM-RoBERTa)");
        refusesModel(m -> m.firstPieces = List.of("<pad>", "<s>", "</s>"),
                "piece 0: \"<pad>\" (expected: <unk>");
        refusesModel(m -> {
            m.firstPieces = List.of("<unk>");
            m.pieces.clear();
        }, "1 pieces (expected: a SentencePiece model that begins with <unk>, <s> and </s>)");
    }

    @Test
    void refusesImpossiblePieces() {
        refuses(m -> m.pieces.add(Map.entry("ab", -9f)),
                "piece 12: \"ab\" again (expected: each once; it is also piece 7)");
        refuses(m -> m.pieces.add(Map.entry("<mask>", -9f)), "\"<mask>\" again");
        refuses(m -> m.pieces.add(Map.entry("", -9f)), "piece 12: empty (expected: 1 to 512 characters)");
        refuses(m -> m.pieces.add(Map.entry("a".repeat(513), -9f)),
                "piece 12: 513 characters (expected: 1 to 512)");
        refusesModel(m -> m.pieces.add(Map.entry("c", Float.NaN)),
                "piece 12: score NaN (expected: a finite number)");
        refusesModel(m -> m.pieces.add(Map.entry("c", Float.NEGATIVE_INFINITY)), "piece 12: score -Infinity");
        refusesJson(m -> m.pieces.add(Map.entry("c", Float.NaN)), "'N' (expected: a number)");
        refusesJson(m -> m.unknownId = "3, \"vocab\": [[\"a\", 1e999]]",
                "a number beyond the range of a double");
        refusesJson(m -> m.unknownId = "3, \"vocab\": [[\"a\"]]", "a vocabulary entry of another length");
        refusesJson(m -> m.unknownId = "3, \"vocab\": {\"a\": 1}", "'{' (expected: an array)");
        refusesJson(m -> m.unknownId = "3, \"vocab\": []", "the key \"vocab\" again");
    }

    @Test
    void refusesDamagedCharsmaps() {
        int[] units = new int[256];
        refuses(m -> m.charsmap = new byte[3], "precompiled charsmap: 3 bytes (expected: at least 4)");
        refuses(m -> m.charsmap = Arrays.copyOf(m.charsmap, 5000),
                "precompiled charsmap: trie of 8192 bytes (expected: "
                        + "a positive multiple of 1024, at most the 4996 that follow)");
        refuses(m -> m.charsmap = new byte[]{-1, -1, -1, -1, 0},
                "precompiled charsmap: trie of 4294967295 bytes");
        refuses(m -> m.charsmap = SyntheticTokenizer.charsmap(new int[255], new byte[1]),
                "precompiled charsmap: trie of 1020 bytes");
        refuses(m -> m.charsmap = SyntheticTokenizer.charsmap(units, new byte[]{'a', 'b'}),
                "precompiled charsmap: the last replacement is not ended by NUL");
        refuses(m -> m.charsmap = SyntheticTokenizer.charsmap(units, new byte[]{'a', (byte) 0x80, 0}),
                "precompiled charsmap: replacements are not UTF-8 at byte 1");
        int[] leaf = units.clone();
        leaf[0] = 1 << 31;
        refuses(m -> m.charsmap = SyntheticTokenizer.charsmap(leaf, new byte[1]),
                "precompiled charsmap: unit 0 is a leaf");
        int[] outside = units.clone();
        outside[3] = 256 << 10;
        refuses(m -> m.charsmap = SyntheticTokenizer.charsmap(outside, new byte[1]),
                "precompiled charsmap: unit 3 points to unit 259 (expected: below 256)");
        int[] value = units.clone();
        value[3] = 1 << 8;
        refuses(m -> m.charsmap = SyntheticTokenizer.charsmap(value, new byte[1]),
                "precompiled charsmap: unit 3 has the replacement at byte 256");
        byte[] longReplacement = new byte[600];
        Arrays.fill(longReplacement, 0, 599, (byte) 'a');
        int[] first = units.clone();
        first[0] = 1 << 8 | 1 << 10;
        first[1] = 1 << 31;
        refuses(m -> m.charsmap = SyntheticTokenizer.charsmap(first, longReplacement),
                "precompiled charsmap: unit 0 has the replacement at byte 0"
                        + " (expected: the beginning of one of at most 512 bytes");
    }

    @Test
    void refusesFilesTruncatedAnywhere() {
        byte[] json = new SyntheticTokenizer().json();
        for (int length = 0; length < json.length - 2; length += 1 + length / 50) {
            Path file = SyntheticTokenizer.write(folder.resolve("cut.json"), Arrays.copyOf(json, length));
            assertThatThrownBy(() -> XlmRobertaTokenizer.fromTokenizerJson(file)).as("%d bytes", length)
                    .isInstanceOf(TokenizerException.class).hasMessageStartingWith(file + ": byte ");
        }
        byte[] model = new SyntheticTokenizer().sentencePiece();
        int refused = 0;
        int cuts = 0;
        for (int length = 0; length < model.length; length += 1 + length / 50) {
            Path file = SyntheticTokenizer.write(folder.resolve("cut.model"), Arrays.copyOf(model, length));
            cuts++;
            try {
                // A file truncated between two fields is still a valid message.
                XlmRobertaTokenizer.fromSentencePiece(file).encode("ab");
            } catch (TokenizerException e) {
                assertThat(e).hasMessageStartingWith(file.toString());
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(cuts * 3 / 4);
    }

    @Test
    void refusesInvalidJson() {
        refusesBytes("", "byte 0: the end of the file (expected: an object)");
        refusesBytes("[]", "byte 0: '[' (expected: an object)");
        refusesBytes("{} x", "byte 3: 'x' (expected: the end of the file)");
        refusesBytes("{\"a\": 1,}", "byte 8: '}' (expected: a key)");
        refusesBytes("{\"a\": 01}", "byte 6: '0' (expected: a number)");
        refusesBytes("{\"a\": 1.}", "byte 8: '}' (expected: a digit)");
        refusesBytes("{\"a\": tru}", "byte 6: 't' (expected: true)");
        refusesBytes("{\"a\": \"\\ud83d\"}", "byte 7: an unpaired surrogate");
        refusesBytes("{\"a\": \"\\u12\"}", "an escape \\u without four hexadecimal digits");
        refusesBytes("{\"a\": \"\n\"}", "byte 7: a control character within a string");
        refusesBytes("{\"a\": {\"b\": 1, \"b\": 2}}", "the key \"b\" again");
        refusesBytes("{\"a\": " + "[".repeat(100_000), "nested deeper than 64");
        refusesBytes("{}", "no \"model\"");
        SourceFile latin1 = new SourceFile("file", "{\"é\": 1}".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> new TokenizerJson(latin1).read()).hasMessage("file: byte 2: not UTF-8");
    }

    @Test
    void refusesInvalidProtobuf() {
        refusesBytes(new byte[]{0}, "byte 1: field number 0");
        refusesBytes(new byte[]{0x0B}, "wire type 3 (expected: 2)");
        refusesBytes(new byte[]{0x7B}, "wire type 3 (expected: 0, 1, 2 or 5)");
        refusesBytes(new byte[]{0x0A, 5, 0x0A}, "a length of 5 bytes (expected: at most the 1 left)");
        refusesBytes(new byte[]{0x0A, 2, 0x0A, 1}, "a length of 1 bytes (expected: at most the 0 left)");
        refusesBytes(new byte[]{0x0A, 3, 0x0A, 1, (byte) 0xFF}, "not UTF-8");
        refusesBytes(new byte[]{0x0A, 2, 0x15, 1}, "the message ends (expected: 4 more bytes)");
        refusesBytes(new byte[]{0x78, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1},
                "a number of more than 10 bytes");
        refusesBytes(new byte[]{0x0A, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1},
                "a length of 18446744073709551615 bytes");
    }

    private void refuses(Consumer<SyntheticTokenizer> damage, String message) {
        refusesJson(damage, message);
        refusesModel(damage, message);
    }

    private void refusesJson(Consumer<SyntheticTokenizer> damage, String message) {
        SyntheticTokenizer model = new SyntheticTokenizer();
        damage.accept(model);
        assertThatThrownBy(() -> model.loadJson(folder)).isInstanceOf(TokenizerException.class)
                .hasMessageStartingWith(folder.resolve("tokenizer.json") + ": ")
                .hasMessageContaining(message);
    }

    private void refusesModel(Consumer<SyntheticTokenizer> damage, String message) {
        SyntheticTokenizer model = new SyntheticTokenizer();
        damage.accept(model);
        assertThatThrownBy(() -> model.loadSentencePiece(folder)).isInstanceOf(TokenizerException.class)
                .hasMessageStartingWith(folder.resolve("sentencepiece.bpe.model") + ": ")
                .hasMessageContaining(message);
    }

    private static void refusesBytes(String json, String message) {
        SourceFile file = new SourceFile("file", json.getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> new TokenizerJson(file).read()).as(json.length() < 100 ? json : "long")
                .isInstanceOf(TokenizerException.class).hasMessageStartingWith("file: ")
                .hasMessageContaining(message);
    }

    private static void refusesBytes(byte[] protobuf, String message) {
        SourceFile file = new SourceFile("file", protobuf);
        assertThatThrownBy(() -> new SentencePieceModel(file).read()).as(Arrays.toString(protobuf))
                .isInstanceOf(TokenizerException.class).hasMessageStartingWith("file: ")
                .hasMessageContaining(message);
    }
}
