package dev.bgem3;

import dev.bgem3.engine.Instruction;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * What {@code encode} computes for each text; {@link RunOptions} say how it runs.
 *
 * <p>
 * Immutable; every setting has a default.
 */
public final class EncodeOptions {
    /** The smallest maximum length, for {@code <s>} and {@code </s>}. */
    static final int MIN_LENGTH = 2;

    private final Set<Output> outputs;
    private final OptionalInt maxLength;
    private final Truncation truncation;
    private final Optional<String> instruction;
    private final Optional<String> instructionFormat;
    private final Optional<Pooling> pooling;
    private final boolean normalize;
    private final OptionalInt truncateDim;
    private final boolean tokenStates;

    private EncodeOptions(Builder builder) {
        outputs = builder.outputs;
        maxLength = builder.maxLength;
        truncation = builder.truncation;
        instruction = builder.instruction;
        instructionFormat = builder.instructionFormat;
        pooling = builder.pooling;
        normalize = builder.normalize;
        truncateDim = builder.truncateDim;
        tokenStates = builder.tokenStates;
    }

    /** Returns the defaults: only dense vectors, normalised, of texts up to the model's own limit. */
    public static EncodeOptions defaults() {
        return builder().build();
    }

    /** Returns the defaults with these outputs. */
    public static EncodeOptions of(Output first, Output... others) {
        return builder().outputs(first, others).build();
    }

    /**
     * Creates a builder that starts from {@link #defaults()}.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="options"}
     */
    public static Builder builder() {
        return new Builder();
    }

    /** Creates a builder that starts from these options. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.outputs = outputs;
        builder.maxLength = maxLength;
        builder.truncation = truncation;
        builder.instruction = instruction;
        builder.instructionFormat = instructionFormat;
        builder.pooling = pooling;
        builder.normalize = normalize;
        builder.truncateDim = truncateDim;
        builder.tokenStates = tokenStates;
        return builder;
    }

    /** Returns the outputs to compute, at least one; dense by default. */
    public Set<Output> outputs() {
        return outputs;
    }

    /**
     * Returns the maximum number of tokens of a text, including {@code <s>} and {@code </s>}, at least 2.
     * Longer texts are cut, and {@link Embedding#truncated()} says so. Empty, the default, stands for
     * {@link ModelInfo#defaultMaxLength()}.
     */
    public OptionalInt maxLength() {
        return maxLength;
    }

    /** Returns which end of a text that is too long is cut, by default the right one. */
    public Truncation truncation() {
        return truncation;
    }

    /**
     * Returns the instruction that is put before each text with {@link #instructionFormat()}. Empty, the
     * default, stands for the setting of the {@link LoadOptions}, of which {@code encode} has none, else the
     * matching prompt in the model's {@code config_sentence_transformers.json}. The empty string requests
     * neither.
     */
    public Optional<String> instruction() {
        return instruction;
    }

    /**
     * Returns the format, with {@code {}} twice, for the instruction and the text. Empty, the default, stands
     * for the format of the setting that the instruction comes from.
     */
    public Optional<String> instructionFormat() {
        return instructionFormat;
    }

    /**
     * Returns how the dense vector is computed from the token vectors. Empty, the default, stands for the
     * model's own pooling, which is CLS unless its folder says otherwise.
     */
    public Optional<Pooling> pooling() {
        return pooling;
    }

    /** Returns whether dense vectors are divided by their length; true by default. */
    public boolean normalize() {
        return normalize;
    }

    /**
     * Returns the number of leading dimensions of a dense vector to keep before it is divided by its length.
     * Empty, the default, stands for all.
     */
    public OptionalInt truncateDim() {
        return truncateDim;
    }

    /**
     * Returns whether the encoder's last hidden state of every token is kept, for
     * {@link Embedding#tokenStates()}.
     */
    public boolean tokenStates() {
        return tokenStates;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof EncodeOptions that
                && outputs.equals(that.outputs)
                && maxLength.equals(that.maxLength)
                && truncation.equals(that.truncation)
                && instruction.equals(that.instruction)
                && instructionFormat.equals(that.instructionFormat)
                && pooling.equals(that.pooling)
                && normalize == that.normalize
                && truncateDim.equals(that.truncateDim)
                && tokenStates == that.tokenStates;
    }

    @Override
    public int hashCode() {
        return Objects.hash(outputs, maxLength, truncation, instruction, instructionFormat, pooling,
                normalize, truncateDim, tokenStates);
    }

    @Override
    public String toString() {
        return "EncodeOptions["
                + "outputs=" + outputs
                + ", maxLength=" + maxLength
                + ", truncation=" + truncation
                + ", instruction=" + instruction
                + ", instructionFormat=" + instructionFormat
                + ", pooling=" + pooling
                + ", normalize=" + normalize
                + ", truncateDim=" + truncateDim
                + ", tokenStates=" + tokenStates + "]";
    }

    /** Builds options; settings that are not set have their defaults. Not thread-safe. */
    public static final class Builder {
        private Set<Output> outputs = EnumSet.of(Output.DENSE);
        private OptionalInt maxLength = OptionalInt.empty();
        private Truncation truncation = Truncation.RIGHT;
        private Optional<String> instruction = Optional.empty();
        private Optional<String> instructionFormat = Optional.empty();
        private Optional<Pooling> pooling = Optional.empty();
        private boolean normalize = true;
        private OptionalInt truncateDim = OptionalInt.empty();
        private boolean tokenStates;

        private Builder() {}

        /** Sets the outputs, replacing the default. */
        public Builder outputs(Output first, Output... others) {
            Objects.requireNonNull(first, "first");
            Objects.requireNonNull(others, "others");
            outputs = EnumSet.of(first, others);
            return this;
        }

        /** Sets the outputs, replacing the default. */
        public Builder outputs(Set<Output> value) {
            outputs = value;
            return this;
        }

        /** Sets the maximum number of tokens of a text. */
        public Builder maxLength(int value) {
            maxLength = OptionalInt.of(value);
            return this;
        }

        /** Sets which end of a text that is too long is cut. */
        public Builder truncation(Truncation value) {
            truncation = value;
            return this;
        }

        /** Sets the instruction that is put before each text. */
        public Builder instruction(String value) {
            instruction = Optional.of(Objects.requireNonNull(value, "instruction"));
            return this;
        }

        /** Sets the format that combines the instruction and the text. */
        public Builder instructionFormat(String value) {
            instructionFormat = Optional.of(Objects.requireNonNull(value, "instructionFormat"));
            return this;
        }

        /** Sets how the dense vector is computed from the token vectors. */
        public Builder pooling(Pooling value) {
            pooling = Optional.of(Objects.requireNonNull(value, "pooling"));
            return this;
        }

        /** Sets whether dense vectors are divided by their length. */
        public Builder normalize(boolean value) {
            normalize = value;
            return this;
        }

        /** Sets the number of leading dimensions of a dense vector to keep. */
        public Builder truncateDim(int value) {
            truncateDim = OptionalInt.of(value);
            return this;
        }

        /** Sets whether the last hidden state of every token is kept. */
        public Builder tokenStates(boolean value) {
            tokenStates = value;
            return this;
        }

        /**
         * Builds the options.
         *
         * @throws IllegalArgumentException
         *             if a setting is out of its range
         */
        public EncodeOptions build() {
            Objects.requireNonNull(outputs, "outputs");
            Objects.requireNonNull(truncation, "truncation");
            if (outputs.isEmpty()) {
                throw new IllegalArgumentException(
                        "outputs: none (expected: at least one of dense, sparse, colbert)");
            }
            outputs = Set.copyOf(outputs);
            if (maxLength.orElse(MIN_LENGTH) < MIN_LENGTH) {
                throw new IllegalArgumentException(
                        "maxLength: " + maxLength.getAsInt() + " (expected: at least " + MIN_LENGTH + ")");
            }
            instructionFormat.ifPresent(format -> Instruction.checkFormat("instructionFormat", format));
            if (truncateDim.orElse(1) < 1) {
                throw new IllegalArgumentException(
                        "truncateDim: " + truncateDim.getAsInt() + " (expected: at least 1)");
            }
            return new EncodeOptions(this);
        }
    }
}
