package dev.bgem3.app.serve;

import dev.bgem3.TextInput;
import java.util.List;
import java.util.stream.Stream;

/** A text and those that a request compares with it. */
record Comparison(TextInput.Text one, List<TextInput.Text> others) {
    /** The one, then the others. */
    List<TextInput> inputs() {
        return Stream.<TextInput>concat(Stream.of(one), others.stream()).toList();
    }

    /**
     * What the header calls one of {@link #inputs()}: its place among the others, as a reranker has no other
     * either.
     */
    String shortPlace(int i) {
        return i == 0 ? one.place().orElseThrow() : String.valueOf(i - 1);
    }
}
