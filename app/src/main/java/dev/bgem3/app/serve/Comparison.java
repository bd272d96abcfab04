package dev.bgem3.app.serve;

import dev.bgem3.app.api.Input;
import dev.bgem3.app.api.Inputs;
import java.util.List;
import java.util.stream.Stream;

/**
 * A text and those that a request compares with it.
 *
 * @param name
 *            what the request calls the one
 * @param field
 *            what it calls the others
 */
record Comparison(String name, String one, String field, List<String> others) {
    /** The one, then the others. */
    List<Input> inputs() {
        return Stream.concat(Stream.of(one), others.stream()).<Input>map(Input.Text::new).toList();
    }

    /** What messages call one of {@link #inputs()}. */
    String place(int i) {
        return i == 0 ? name : field + "[" + (i - 1) + "]";
    }

    /** What the header calls it: its place among the others, as a reranker has no other either. */
    String shortPlace(int i) {
        return i == 0 ? name : String.valueOf(i - 1);
    }

    /** Refuses empty texts, as the routes of others do. */
    void refuseEmpty() {
        TextService.refuseEmpty(name, new Inputs(List.of(new Input.Text(one)), true));
        TextService.refuseEmpty(field, Inputs.ofTexts(others));
    }
}
