package dev.bgem3.app.api;

import dev.bgem3.Truncation;
import java.util.List;
import java.util.Optional;

/**
 * How the texts of a request become tokens.
 *
 * @param truncate
 *            whether a text that is too long is cut; the server's setting where the request does not say
 * @param direction
 *            the side on which it is cut
 * @param promptName
 *            which of the model's prompts comes before each text; the empty string for none
 */
public record TextOptions(Optional<Boolean> truncate, Truncation direction, Optional<String> promptName) {
    private static final List<Truncation> DIRECTIONS = List.of(Truncation.RIGHT, Truncation.LEFT);

    /** The server's setting, and the prompts that go with a route. */
    public static TextOptions defaults() {
        return new TextOptions(Optional.empty(), Truncation.RIGHT, Optional.empty());
    }

    /** Whether it names one of the model's prompts. */
    public boolean namesPrompt() {
        return promptName().filter(name -> !name.isEmpty()).isPresent();
    }

    /** Reads text-embeddings-inference's three fields. */
    static TextOptions read(Fields fields) {
        return new TextOptions(fields.optionalFlag("truncate"),
                fields.word("truncation_direction", true, DIRECTIONS), fields.optionalString("prompt_name"));
    }
}
