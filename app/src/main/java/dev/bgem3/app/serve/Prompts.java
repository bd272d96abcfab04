package dev.bgem3.app.serve;

import dev.bgem3.app.api.InvalidRequestException;
import dev.bgem3.app.api.InvalidRequestException.Fault;
import dev.bgem3.app.api.TextOptions;
import java.util.Map;
import java.util.Optional;

/**
 * The prompts of a model that requests choose among.
 *
 * @param byName
 *            as its files name them
 */
record Prompts(Map<String, String> byName) {
    /**
     * The prompt that a request names: the empty string if it asks for none, empty if it does not say.
     *
     * @throws InvalidRequestException
     *             where the model has none of that name
     */
    Optional<String> chosen(TextOptions options) {
        if (!options.namesPrompt()) {
            return options.promptName();
        }
        String prompt = byName.get(options.promptName().get());
        if (prompt == null) {
            throw new InvalidRequestException(Fault.VALIDATION,
                    "prompt_name: the model has none of this name (expected: "
                            + (byName.isEmpty()
                                    ? "no prompt_name, since it has no prompts"
                                    : String.join(", ", byName.keySet()) + ", or \"\" for none")
                            + ")");
        }
        return Optional.of(prompt);
    }
}
