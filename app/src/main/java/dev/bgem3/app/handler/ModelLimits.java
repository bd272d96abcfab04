package dev.bgem3.app.handler;

import dev.bgem3.BgeM3;
import dev.bgem3.EncodeOptions;
import dev.bgem3.ModelInfo;
import java.util.List;

/** Checks options against the model before any line is read. */
final class ModelLimits {
    private ModelLimits() {}

    /**
     * Checks options against the model's limits.
     *
     * @throws UsageException
     *             if an option exceeds a limit; the message names the option
     * @throws dev.bgem3.error.InputException
     *             if the model has no head for an output
     */
    static void check(BgeM3 model, EncodeOptions options) {
        ModelInfo info = model.info();
        options.maxLength().ifPresent(
                length -> requireWithin("--max-length", length, 2, info.maxLength(), ", the model's limit"));
        options.truncateDim().ifPresent(dimensions -> requireWithin("--truncate-dim", dimensions, 1,
                info.denseDimension(), ", the dimension of the model's vectors"));
        // Triggers the model's own checks, which otherwise run with the first text.
        model.encode(List.of(), options);
    }

    static void requireWithin(String option, int value, int min, int max, String why) {
        if (value < min || value > max) {
            throw new UsageException(
                    option + ": " + value + " (expected: " + min + ".." + max + why + ")");
        }
    }
}
