package dev.bgem3;

import dev.bgem3.engine.BackendRequest;
import dev.bgem3.engine.DeviceRequest;
import dev.bgem3.engine.Instruction;
import java.util.Objects;

/**
 * How a model is loaded and what it runs on.
 *
 * <p>
 * The four instruction settings are those of FlagEmbedding's constructor: an instruction is put before each
 * text of {@link BgeM3#encodeQueries} or {@link BgeM3#encodeCorpus} through its format, in which the first
 * {@code {}} stands for the instruction and the second for the text.
 *
 * @param kernels
 *            the name of the kernels to use; {@code auto} takes the system property {@code bgem3.kernels} if
 *            set, else the fastest that this machine can run
 * @param device
 *            what computes: {@code cpu}; {@code cuda} for the first NVIDIA GPU, {@code cuda:1} for another,
 *            {@code cuda:0,1} for several, {@code cuda:all}: each holds the whole model, and they share the
 *            batches; {@code auto} for {@code cuda} where its kernels are installed, can be used and offer the
 *            precision, else {@code cpu}
 * @param precision
 *            the arithmetic of the products
 * @param threads
 *            how many threads compute, 1 to 1,024; 0 for as many as the JVM sees processors. The scalar
 *            kernels use one, whatever is set
 * @param queryInstruction
 *            put before each query; empty for none
 * @param queryInstructionFormat
 *            {@code "{}{}"} by default
 * @param passageInstruction
 *            put before each passage; empty for none
 * @param passageInstructionFormat
 *            {@code "{}{}"} by default
 */
public record LoadOptions(String kernels, String device, Precision precision, int threads,
        String queryInstruction, String queryInstructionFormat, String passageInstruction,
        String passageInstructionFormat) {
    /** The format that puts an instruction right before a text. */
    public static final String PLAIN_FORMAT = "{}{}";

    /** Checks each setting. */
    public LoadOptions {
        Objects.requireNonNull(kernels, "kernels");
        DeviceRequest.parse(device);
        Objects.requireNonNull(precision, "precision");
        Objects.requireNonNull(queryInstruction, "queryInstruction");
        Objects.requireNonNull(passageInstruction, "passageInstruction");
        if (threads < 0 || threads > 1024) {
            throw new IllegalArgumentException("threads: " + threads + " (expected: 0..1024)");
        }
        Instruction.checkFormat("queryInstructionFormat", queryInstructionFormat);
        Instruction.checkFormat("passageInstructionFormat", passageInstructionFormat);
    }

    BackendRequest backend() {
        return new BackendRequest(kernels, DeviceRequest.parse(device), precision.arithmetic(), threads);
    }

    /** Everything as it is best on this machine, and no instructions. */
    public static LoadOptions defaults() {
        return builder().build();
    }

    /** A builder that starts from {@link #defaults()}. */
    public static Builder builder() {
        return new Builder();
    }

    /** Sets what differs from the defaults. */
    public static final class Builder {
        private String kernels = "auto";
        private String device = DeviceRequest.AUTO;
        private Precision precision = Precision.AUTO;
        private int threads;
        private String queryInstruction = "";
        private String queryInstructionFormat = PLAIN_FORMAT;
        private String passageInstruction = "";
        private String passageInstructionFormat = PLAIN_FORMAT;

        private Builder() {}

        /** Kernels by name: {@code auto}, {@code vector}, {@code scalar}. */
        public Builder kernels(String name) {
            kernels = name;
            return this;
        }

        /** What computes: {@code auto}, {@code cpu}, {@code cuda}, {@code cuda:1}, {@code cuda:0,1}, {@code cuda:all}. */
        public Builder device(String choice) {
            device = choice;
            return this;
        }

        /** The arithmetic of the products. */
        public Builder precision(Precision choice) {
            precision = choice;
            return this;
        }

        /** How many threads compute; 0 for as many as the JVM sees processors. */
        public Builder threads(int count) {
            threads = count;
            return this;
        }

        /** What is put before each query. */
        public Builder queryInstruction(String instruction) {
            queryInstruction = instruction;
            return this;
        }

        /** How it is put there. */
        public Builder queryInstructionFormat(String format) {
            queryInstructionFormat = format;
            return this;
        }

        /** What is put before each passage. */
        public Builder passageInstruction(String instruction) {
            passageInstruction = instruction;
            return this;
        }

        /** How it is put there. */
        public Builder passageInstructionFormat(String format) {
            passageInstructionFormat = format;
            return this;
        }

        /** The options. */
        public LoadOptions build() {
            return new LoadOptions(kernels, device, precision, threads, queryInstruction,
                    queryInstructionFormat,
                    passageInstruction, passageInstructionFormat);
        }
    }
}
