package dev.bgem3.app.serve;

import dev.bgem3.TextInput;
import java.util.List;
import java.util.stream.Stream;

/** A text and the texts that a request compares with it. */
record Comparison(TextInput.Text one, List<TextInput.Text> others) {
    /** Returns {@code one}, then the others. */
    List<TextInput> inputs() {
        return Stream.<TextInput>concat(Stream.of(one), others.stream()).toList();
    }

    /**
     * Returns the name of one of {@link #inputs()} in the header of truncated texts: its index among the
     * others, as for a reranker.
     */
    String shortPlace(int i) {
        return i == 0 ? one.place().orElseThrow() : String.valueOf(i - 1);
    }
}
