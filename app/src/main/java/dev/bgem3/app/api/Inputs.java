package dev.bgem3.app.api;

import java.util.List;

/**
 * The texts of a request.
 *
 * @param items
 *            in the request's order
 * @param single
 *            whether it gave one by itself, not a list
 */
public record Inputs(List<Input> items, boolean single) {
    /** A list of texts. */
    public static Inputs ofTexts(List<String> texts) {
        return new Inputs(texts.stream().<Input>map(Input.Text::new).toList(), false);
    }
}
