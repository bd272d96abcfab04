package dev.bgem3.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class XlmRobertaTokenizerGoldenTest {
    @ParameterizedTest
    @ValueSource(strings = {"tokenizer.json", "sentencepiece.bpe.model"})
    void givesHuggingFacesIdsForTheWholeVocabularyOfXlmR(String fileName) throws IOException {
        Path folder = TestFiles.shared("xlmr-tokenizer");
        XlmRobertaTokenizer tokenizer = load(folder.resolve(fileName));
        assertThat(tokenizer.vocabSize()).isEqualTo(250_002);
        int tested = 0;
        for (String line : Files.readAllLines(folder.resolve("cases.jsonl"))) {
            Map<?, ?> testCase = TestFiles.json(line.getBytes(StandardCharsets.UTF_8));
            String text = (String) testCase.get("text");
            assertThat(tokenizer.encode(text).ids()).as(RandomText.escaped(text))
                    .isEqualTo(TestFiles.ints(testCase.get("ids")));
            tested++;
        }
        assertThat(tested).isGreaterThan(2_500);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny-m3", "tiny-m3-safetensors", "tiny-m3-sharded"})
    void givesFlagEmbeddingsIdsFromEachLayout(String layout) {
        Tokenizer tokenizer = Tokenizer.load(TestFiles.project("src/fixtures/" + layout));
        Map<?, ?> goldens = TestFiles.json(TestFiles.project("src/fixtures/tiny-m3-goldens.json"));
        for (Object run : (List<?>) goldens.get("encode")) {
            int maxLength = ((Double) ((Map<?, ?>) run).get("max_length")).intValue();
            for (Object element : (List<?>) ((Map<?, ?>) run).get("items")) {
                Map<?, ?> item = (Map<?, ?>) element;
                String text = (String) item.get("text");
                Encoding encoding = tokenizer.encode(text, maxLength);
                assertThat(encoding.ids()).as(text).isEqualTo(TestFiles.ints(item.get("ids")));
                assertThat(encoding.truncated()).isEqualTo(tokenizer.encode(text).length() > maxLength);
            }
        }
    }

    @Test
    void namesTokensAsFlagEmbeddingDoes() {
        Tokenizer tokenizer = Tokenizer.load(TestFiles.project("src/fixtures/tiny-m3"));
        Map<?, ?> goldens = TestFiles.json(TestFiles.project("src/fixtures/tiny-m3-goldens.json"));
        List<?> items = (List<?>) ((Map<?, ?>) ((List<?>) goldens.get("encode")).getFirst()).get("items");
        List<?> names = (List<?>) goldens.get("tokens");
        for (int i = 0; i < names.size(); i++) {
            Map<?, ?> weights = (Map<?, ?>) ((Map<?, ?>) items.get(i)).get("sparse");
            Set<String> decoded = new LinkedHashSet<>();
            for (Object id : weights.keySet()) {
                decoded.add(tokenizer.decode(Integer.parseInt((String) id)));
            }
            assertThat(List.copyOf(decoded)).isEqualTo(List.copyOf(((Map<?, ?>) names.get(i)).keySet()));
        }
    }

    @Test
    void givesThePublishedIdsOfBgeM3() {
        // REFERENCE: the tutorial's first sentence. The scores of the shared vocabulary are rounded, but its
        // ids are the model's.
        Tokenizer tokenizer = Tokenizer.load(TestFiles.shared("xlmr-tokenizer"));
        assertThat(tokenizer.encode("What is BGE M3?").ids()).containsExactly(0, 4865, 83, 335, 11679, 276,
                363, 32, 2);
    }

    private static XlmRobertaTokenizer load(Path file) {
        return file.toString().endsWith(".json")
                ? XlmRobertaTokenizer.fromTokenizerJson(file)
                : XlmRobertaTokenizer.fromSentencePiece(file);
    }
}
