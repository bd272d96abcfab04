package dev.bgem3.sample;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.BgeM3;
import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.Fixtures;
import dev.bgem3.TextInput;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The documentation's snippet about inputs that have a place. */
class TextInputSamplesTest {
    @Test
    void encodesAQueryAPassageAndTokenIdsInOneCall() {
        try (BgeM3 model = BgeM3.load(Fixtures.TINY)) {
            // @start region="places"
            List<TextInput> inputs = List.of(TextInput.ofQuery("What is BM25?").withPlace("query"),
                    TextInput.ofPassage("BM25 ranks documents.").withPlace("passages[0]"),
                    TextInput.ofTokens(0, 335, 11, 2).withPlace("passages[1]"));
            List<Embedding> embeddings = model.encodeInputs(inputs, EncodeOptions.defaults());
            // A failure of the second begins: passages[0] ("BM25 ranks documents."): …
            // @end
            assertThat(embeddings).extracting(Embedding::tokenCount).last().isEqualTo(4);
        }
    }
}
