package dev.bgem3.app.serve;

import dev.bgem3.Embedding;
import dev.bgem3.TextInput;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * The texts of a request, computed.
 *
 * @param embeddings
 *            in the request's order
 * @param texts
 *            as they were cut into tokens
 */
record Encoded(List<Embedding> embeddings, List<TextInput.Tokens> texts) {
    /** The places of the texts that were cut, as {@code place} names that at an index. */
    List<String> truncated(IntFunction<String> place) {
        return IntStream.range(0, texts.size()).filter(i -> texts.get(i).truncated()).mapToObj(place)
                .toList();
    }
}
