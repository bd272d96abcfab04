package dev.bgem3.sample;

import dev.bgem3.BgeM3;
import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.TextInput;
import java.util.List;

/** The sample of {@link TextInput}'s documentation, which TextInputTest runs. */
public final class TextInputSample {
    private TextInputSample() {}

    /** A query, a passage and token ids in one call, each at its place. */
    public static List<Embedding> encode(BgeM3 model) {
        // @start region="places"
        List<TextInput> inputs = List.of(TextInput.ofQuery("What is BM25?").withPlace("query"),
                TextInput.ofPassage("BM25 ranks documents.").withPlace("passages[0]"),
                TextInput.ofTokens(0, 335, 11, 2).withPlace("passages[1]"));
        List<Embedding> embeddings = model.encodeInputs(inputs, EncodeOptions.defaults());
        // A failure of the second begins: passages[0] ("BM25 ranks documents."): …
        // @end
        return embeddings;
    }
}
