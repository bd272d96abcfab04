package dev.bgem3;

import dev.bgem3.engine.Instruction;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * What one call of {@code encode} computes, and how.
 *
 * @param outputs
 *            which of the three kinds; at least one
 * @param maxLength
 *            the most tokens of a text, {@code <s>} and {@code </s>} included: what is beyond is cut, and the
 *            result says so; empty for {@link ModelInfo#defaultMaxLength()}
 * @param tokenBudget
 *            the most tokens that are computed at a time, 1..1,048,576; a longer text goes alone. Empty for the
 *            kernels' own, which is 4,096 on a CPU; on a GPU it depends on its free memory. More tokens need more
 *            memory, and from about a thousand on bring no more speed on a CPU. No more are taken than keep
 *            every matrix of the model below 2³¹ numbers, which for BGE-M3 are 524,287; a batch for which a
 *            GPU's memory does not suffice is halved
 * @param instruction
 *            put before each text through {@code instructionFormat}; empty for the model's
 *            {@link LoadOptions} setting, which is none for {@code encode}, else the prompt in the model's
 *            {@code config_sentence_transformers.json} that goes with the call. The empty string asks for neither
 * @param instructionFormat
 *            {@code {}} twice, for the instruction and the text; empty for the setting that goes with the
 *            instruction
 * @param pooling
 *            how the dense vector is made; empty for the model's own, CLS unless its folder says otherwise
 * @param normalize
 *            whether dense vectors are divided by their length
 * @param truncateDim
 *            the number of leading dimensions of a dense vector to keep, before it is divided by its length;
 *            empty for all
 * @param tokenStates
 *            whether the encoder's last hidden state of every token is kept beside the outputs, for {@link Embedding#tokenStates()}
 * @param progress
 *            told after each batch
 * @param cancelled
 *            asked before each batch, by one of the call's threads at a time; true ends the call with {@link dev.bgem3.error.CancelledException}
 */
public record EncodeOptions(Set<Output> outputs, OptionalInt maxLength, OptionalInt tokenBudget,
        Optional<String> instruction,
        Optional<String> instructionFormat, Optional<Pooling> pooling, boolean normalize,
        OptionalInt truncateDim, boolean tokenStates,
        ProgressListener progress, BooleanSupplier cancelled) {
    /** The largest token budget: 1,048,576. */
    public static final int MAX_TOKEN_BUDGET = 1 << 20;

    /** The least maximum length: {@code <s>} and {@code </s>}. */
    static final int MIN_LENGTH = 2;

    /** Checks what can be checked without the model. */
    public EncodeOptions {
        Objects.requireNonNull(outputs, "outputs");
        Objects.requireNonNull(maxLength, "maxLength");
        Objects.requireNonNull(tokenBudget, "tokenBudget");
        Objects.requireNonNull(instruction, "instruction");
        Objects.requireNonNull(instructionFormat, "instructionFormat");
        Objects.requireNonNull(pooling, "pooling");
        Objects.requireNonNull(truncateDim, "truncateDim");
        Objects.requireNonNull(progress, "progress");
        Objects.requireNonNull(cancelled, "cancelled");
        if (outputs.isEmpty()) {
            throw new IllegalArgumentException(
                    "outputs: none (expected: at least one of dense, sparse, colbert)");
        }
        outputs = Set.copyOf(outputs);
        if (maxLength.isPresent() && maxLength.getAsInt() < MIN_LENGTH) {
            throw new IllegalArgumentException(
                    "maxLength: " + maxLength.getAsInt() + " (expected: at least " + MIN_LENGTH + ")");
        }
        checkTokenBudget(tokenBudget);
        instructionFormat.ifPresent(format -> Instruction.checkFormat("instructionFormat", format));
        if (truncateDim.isPresent() && truncateDim.getAsInt() < 1) {
            throw new IllegalArgumentException(
                    "truncateDim: " + truncateDim.getAsInt() + " (expected: at least 1)");
        }
    }

    static void checkTokenBudget(OptionalInt tokenBudget) {
        if (tokenBudget.orElse(1) < 1 || tokenBudget.orElse(1) > MAX_TOKEN_BUDGET) {
            throw new IllegalArgumentException(
                    "tokenBudget: " + tokenBudget.getAsInt() + " (expected: 1.." + MAX_TOKEN_BUDGET + ")");
        }
    }

    /** Dense vectors alone, the model's own limit, normalised. */
    public static EncodeOptions defaults() {
        return builder().build();
    }

    /** The defaults, with these outputs. */
    public static EncodeOptions of(Output first, Output... others) {
        return builder().outputs(first, others).build();
    }

    /** These options with other outputs. */
    EncodeOptions withOutputs(Output... others) {
        return new EncodeOptions(Set.of(others), maxLength, tokenBudget, instruction, instructionFormat,
                pooling, normalize,
                truncateDim, tokenStates, progress, cancelled);
    }

    /** A builder that starts from {@link #defaults()}. */
    public static Builder builder() {
        return new Builder();
    }

    /** Sets what differs from the defaults. */
    public static final class Builder {
        private Set<Output> outputs = EnumSet.of(Output.DENSE);
        private OptionalInt maxLength = OptionalInt.empty();
        private OptionalInt tokenBudget = OptionalInt.empty();
        private Optional<String> instruction = Optional.empty();
        private Optional<String> instructionFormat = Optional.empty();
        private Optional<Pooling> pooling = Optional.empty();
        private boolean normalize = true;
        private OptionalInt truncateDim = OptionalInt.empty();
        private boolean tokenStates;
        private ProgressListener progress = ProgressListener.NONE;
        private BooleanSupplier cancelled = () -> false;

        private Builder() {}

        /** These outputs and no others. */
        public Builder outputs(Output first, Output... others) {
            outputs = EnumSet.of(first, others);
            return this;
        }

        /** These outputs and no others. */
        public Builder outputs(Set<Output> set) {
            outputs = set;
            return this;
        }

        /** The most tokens of a text. */
        public Builder maxLength(int tokens) {
            maxLength = OptionalInt.of(tokens);
            return this;
        }

        /** The most tokens that are computed at a time. */
        public Builder tokenBudget(int tokens) {
            tokenBudget = OptionalInt.of(tokens);
            return this;
        }

        /** What is put before each text. */
        public Builder instruction(String text) {
            instruction = Optional.of(text);
            return this;
        }

        /** How it is put there. */
        public Builder instructionFormat(String format) {
            instructionFormat = Optional.of(format);
            return this;
        }

        /** How the dense vector is made. */
        public Builder pooling(Pooling choice) {
            pooling = Optional.of(choice);
            return this;
        }

        /** Whether dense vectors are divided by their length. */
        public Builder normalize(boolean yes) {
            normalize = yes;
            return this;
        }

        /** How many leading dimensions of a dense vector to keep. */
        public Builder truncateDim(int dimensions) {
            truncateDim = OptionalInt.of(dimensions);
            return this;
        }

        /** Whether the last hidden state of every token is kept. */
        public Builder tokenStates(boolean yes) {
            tokenStates = yes;
            return this;
        }

        /** Who is told of progress. */
        public Builder progress(ProgressListener listener) {
            progress = listener;
            return this;
        }

        /** Who may end the call. */
        public Builder cancelled(BooleanSupplier question) {
            cancelled = question;
            return this;
        }

        /** The options. */
        public EncodeOptions build() {
            return new EncodeOptions(outputs, maxLength, tokenBudget, instruction, instructionFormat, pooling,
                    normalize, truncateDim, tokenStates, progress, cancelled);
        }
    }
}
