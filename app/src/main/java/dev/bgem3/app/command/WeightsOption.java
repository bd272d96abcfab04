package dev.bgem3.app.command;

import dev.bgem3.ScoreWeights;
import dev.bgem3.app.handler.UsageException;
import picocli.CommandLine.Option;

/** The option for the weights of the weighted scores. */
final class WeightsOption {
    private static final int SCORES = 3;

    @Option(names = "--weights", paramLabel = "D,S,C", defaultValue = "1,1,1", description = """
            The weights of the dense, sparse and ColBERT scores in the two weighted scores. \
            Default: ${DEFAULT-VALUE}.""")
    private String weights;

    ScoreWeights value() {
        String[] parts = weights.split(",", -1);
        if (parts.length != SCORES) {
            throw notWeights(null);
        }
        try {
            double dense = Double.parseDouble(parts[0]);
            double sparse = Double.parseDouble(parts[1]);
            double colbert = Double.parseDouble(parts[2]);
            return OptionValues.checked(() -> new ScoreWeights(dense, sparse, colbert));
        } catch (NumberFormatException e) {
            throw notWeights(e);
        }
    }

    private UsageException notWeights(Exception cause) {
        return new UsageException(
                "--weights: " + weights
                        + " (expected: three numbers, dense,sparse,colbert, such as 0.4,0.2,0.4)",
                cause);
    }
}
