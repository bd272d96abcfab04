package dev.bgem3.app.serve;

import dev.bgem3.Embedding;
import dev.bgem3.TextInput;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * The results for the texts of a request.
 *
 * @param embeddings
 *            the embeddings in the request's order
 * @param texts
 *            the tokenized texts
 */
record Encoded(List<Embedding> embeddings, List<TextInput.Tokens> texts) {
    /** Returns the places of the truncated texts, as {@code place} names them by their index. */
    List<String> truncated(IntFunction<String> place) {
        return IntStream.range(0, texts.size()).filter(i -> texts.get(i).truncated()).mapToObj(place)
                .toList();
    }
}
