package dev.bgem3.app.api;

import dev.bgem3.Truncation;
import java.util.List;
import java.util.Optional;

/**
 * The options of a request for tokenizing its texts.
 *
 * @param truncate
 *            whether to truncate a text that is too long; if empty, the server's setting applies
 * @param direction
 *            the side that is truncated
 * @param promptName
 *            the name of the model's prompt to put before each text; the empty string for none
 */
public record TextOptions(Optional<Boolean> truncate, Truncation direction, Optional<String> promptName) {
    private static final List<Truncation> DIRECTIONS = List.of(Truncation.RIGHT, Truncation.LEFT);

    /** Returns the defaults: the server's setting, and the prompts of a route. */
    public static TextOptions defaults() {
        return new TextOptions(Optional.empty(), Truncation.RIGHT, Optional.empty());
    }

    /** Returns whether a prompt of the model is named. */
    public boolean namesPrompt() {
        return promptName().filter(name -> !name.isEmpty()).isPresent();
    }

    /** Reads the three fields, named as in text-embeddings-inference. */
    static TextOptions read(Fields fields) {
        return new TextOptions(fields.optionalFlag("truncate"),
                fields.word("truncation_direction", true, DIRECTIONS), fields.optionalString("prompt_name"));
    }
}
