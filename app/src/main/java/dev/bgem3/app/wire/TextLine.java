package dev.bgem3.app.wire;

import dev.bgem3.TextInput;

/**
 * One text of the input.
 *
 * @param id
 *            the JSON value to give back with the result, as it was written
 * @param input
 *            the text, at its line
 */
public record TextLine(String id, TextInput.Text input) {
    /** A text of a line. */
    public TextLine(String id, String text, String place) {
        this(id, TextInput.of(text).withPlace(place));
    }
}
