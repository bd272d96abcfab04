package dev.bgem3.app.handler;

import dev.bgem3.BgeM3;
import dev.bgem3.EncodeOptions;
import dev.bgem3.ModelInfo;
import java.util.List;

/** Holds options against the model that is to follow them, before any line is read. */
final class ModelLimits {
    private ModelLimits() {}

    /**
     * Checks what a call asks of a model.
     *
     * @throws UsageException
     *             where the model cannot do as much; the message names the option
     * @throws dev.bgem3.error.InputException
     *             where it has no head for an output
     */
    static void check(BgeM3 model, EncodeOptions options) {
        ModelInfo info = model.info();
        options.maxLength().ifPresent(
                length -> atMost("--max-length", length, 2, info.maxLength(), ", the model's limit"));
        options.truncateDim().ifPresent(dimensions -> atMost("--truncate-dim", dimensions, 1,
                info.hiddenSize(), ", the dimension of the model's vectors"));
        // The model's own check, which otherwise waits for the first text.
        model.encode(List.of(), options);
    }

    static void atMost(String option, int value, int least, int most, String why) {
        if (value < least || value > most) {
            throw new UsageException(
                    option + ": " + value + " (expected: " + least + ".." + most + why + ")");
        }
    }
}
