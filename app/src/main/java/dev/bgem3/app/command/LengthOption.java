package dev.bgem3.app.command;

import dev.bgem3.EncodeOptions;
import java.util.OptionalInt;
import picocli.CommandLine.Option;

/** How much of a text is read by the model. */
final class LengthOption {
    @Option(names = "--max-length", paramLabel = "N", description = """
            The most tokens of a text, <s> and </s> included; the rest is cut. Less is faster and forgets \
            the end. Default: the model's own limit, 8192 for BGE-M3, or max_seq_length of its \
            sentence_bert_config.json where that is less.""")
    private Integer maxLength;

    OptionalInt value() {
        return maxLength == null ? OptionalInt.empty() : OptionalInt.of(maxLength);
    }

    EncodeOptions.Builder encodeOptions() {
        EncodeOptions.Builder builder = EncodeOptions.builder();
        value().ifPresent(builder::maxLength);
        return builder;
    }
}
