package dev.bgem3.app.serve;

import dev.bgem3.app.api.InvalidRequestException;
import dev.bgem3.app.api.InvalidRequestException.Fault;
import dev.bgem3.app.api.TextOptions;
import java.util.Map;
import java.util.Optional;

/**
 * The model's prompts, of which a request may choose one.
 *
 * @param byName
 *            the prompts by their names in the model's files
 */
record Prompts(Map<String, String> byName) {
    /**
     * Returns the prompt that a request names: the empty string if it wants none, empty if it does not say.
     *
     * @throws InvalidRequestException
     *             if the model has no prompt of that name
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
