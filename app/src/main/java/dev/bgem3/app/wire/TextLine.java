package dev.bgem3.app.wire;

import dev.bgem3.TextInput;

/**
 * A line of the input with one text.
 *
 * @param id
 *            the JSON value to repeat in the result, as it was written
 * @param input
 *            the text, whose place is the line
 */
public record TextLine(String id, TextInput.Text input) {
    /** Creates a line from its text and place. */
    public TextLine(String id, String text, String place) {
        this(id, TextInput.of(text).withPlace(place));
    }
}
