package dev.bgem3.app.command;

import dev.bgem3.EncodeOptions;
import java.util.OptionalInt;
import picocli.CommandLine.Option;

/** The option for the number of tokens that the model reads. */
final class LengthOption {
    @Option(names = "--max-length", paramLabel = "N", description = """
            The maximum number of tokens in a text, including <s> and </s>; the rest is cut off. Less is \
            faster but ignores the end. Default: the model's limit, 8192 for BGE-M3, or max_seq_length of \
            its sentence_bert_config.json if that is less.""")
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
