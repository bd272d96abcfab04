package dev.bgem3;

import dev.bgem3.engine.Instruction;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * What a call of {@code encode} computes of each text. How a call runs is {@link RunOptions}.
 *
 * <p>
 * Immutable; every setting has a default.
 */
public final class EncodeOptions {
    /** The least maximum length: {@code <s>} and {@code </s>}. */
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

    /** Dense vectors alone, the model's own limit, normalised. */
    public static EncodeOptions defaults() {
        return builder().build();
    }

    /** The defaults, with these outputs. */
    public static EncodeOptions of(Output first, Output... others) {
        return builder().outputs(first, others).build();
    }

    /**
     * A builder that starts from {@link #defaults()}.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="options"}
     */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that starts from these options. */
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

    /**
     * Which of the three kinds; at least one. Dense by default.
     */
    public Set<Output> outputs() {
        return outputs;
    }

    /**
     * The most tokens of a text, {@code <s>} and {@code </s>} included, at least 2: what is beyond is cut,
     * and the result says so. Empty, the default, for {@link ModelInfo#defaultMaxLength()}.
     */
    public OptionalInt maxLength() {
        return maxLength;
    }

    /**
     * Where a text that is too long is cut: at its end by default.
     */
    public Truncation truncation() {
        return truncation;
    }

    /**
     * Put before each text through {@link #instructionFormat()}. Empty, the default, for the model's {@link
     * LoadOptions} setting, which is none for {@code encode}, else the prompt in the model's {@code
     * config_sentence_transformers.json} that goes with the call. The empty string asks for neither.
     */
    public Optional<String> instruction() {
        return instruction;
    }

    /**
     * {@code {}} twice, for the instruction and the text; empty, the default, for the setting that goes with
     * the instruction.
     */
    public Optional<String> instructionFormat() {
        return instructionFormat;
    }

    /**
     * How the dense vector is made; empty, the default, for the model's own: CLS unless its folder says
     * otherwise.
     */
    public Optional<Pooling> pooling() {
        return pooling;
    }

    /**
     * Whether dense vectors are divided by their length; true by default.
     */
    public boolean normalize() {
        return normalize;
    }

    /**
     * The number of leading dimensions of a dense vector to keep, before it is divided by its length; empty,
     * the default, for all.
     */
    public OptionalInt truncateDim() {
        return truncateDim;
    }

    /**
     * Whether the encoder's last hidden state of every token is kept beside the outputs, for {@link
     * Embedding#tokenStates()}.
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

    /** Sets what differs from the defaults; for one thread. */
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

        /** These outputs and no others. */
        public Builder outputs(Output first, Output... others) {
            Objects.requireNonNull(first, "first");
            Objects.requireNonNull(others, "others");
            outputs = EnumSet.of(first, others);
            return this;
        }

        /** These outputs and no others. */
        public Builder outputs(Set<Output> value) {
            outputs = value;
            return this;
        }

        /** The most tokens of a text. */
        public Builder maxLength(int value) {
            maxLength = OptionalInt.of(value);
            return this;
        }

        /** Where a text that is too long is cut. */
        public Builder truncation(Truncation value) {
            truncation = value;
            return this;
        }

        /** What is put before each text. */
        public Builder instruction(String value) {
            instruction = Optional.of(Objects.requireNonNull(value, "instruction"));
            return this;
        }

        /** How it is put there. */
        public Builder instructionFormat(String value) {
            instructionFormat = Optional.of(Objects.requireNonNull(value, "instructionFormat"));
            return this;
        }

        /** How the dense vector is made. */
        public Builder pooling(Pooling value) {
            pooling = Optional.of(Objects.requireNonNull(value, "pooling"));
            return this;
        }

        /** Whether dense vectors are divided by their length. */
        public Builder normalize(boolean value) {
            normalize = value;
            return this;
        }

        /** How many leading dimensions of a dense vector to keep. */
        public Builder truncateDim(int value) {
            truncateDim = OptionalInt.of(value);
            return this;
        }

        /** Whether the last hidden state of every token is kept. */
        public Builder tokenStates(boolean value) {
            tokenStates = value;
            return this;
        }

        /**
         * The options.
         *
         * @throws IllegalArgumentException
         *             where a setting is out of its range
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
