package dev.bgem3;

import dev.bgem3.engine.BackendRequest;
import dev.bgem3.engine.Instruction;
import java.util.Objects;

/**
 * How a model is loaded and what it runs on.
 *
 * <p>
 * The four instruction settings are those of FlagEmbedding's constructor: an instruction is put before each
 * text of {@link BgeM3#encodeQueries} or {@link BgeM3#encodeCorpus} according to its format, in which the
 * first {@code {}} stands for the instruction and the second for the text.
 *
 * <p>
 * Immutable; every setting has a default.
 *
 * {@snippet file="dev/bgem3/sample/LoadSamplesTest.java" region="instructions"}
 */
public final class LoadOptions {
    /** The format that puts an instruction directly before a text. */
    public static final String PLAIN_FORMAT = "{}{}";
    private static final int MAX_THREADS = 1024;

    private final KernelKind kernels;
    private final Device device;
    private final Precision precision;
    private final int threads;
    private final String queryInstruction;
    private final String queryInstructionFormat;
    private final String passageInstruction;
    private final String passageInstructionFormat;

    private LoadOptions(Builder builder) {
        kernels = builder.kernels;
        device = builder.device;
        precision = builder.precision;
        threads = builder.threads;
        queryInstruction = builder.queryInstruction;
        queryInstructionFormat = builder.queryInstructionFormat;
        passageInstruction = builder.passageInstruction;
        passageInstructionFormat = builder.passageInstructionFormat;
    }

    /** Returns the defaults: the best choice on this machine for each setting, and no instructions. */
    public static LoadOptions defaults() {
        return builder().build();
    }

    /**
     * Creates a builder that starts from {@link #defaults()}.
     *
     * {@snippet file="dev/bgem3/sample/LoadSamplesTest.java" region="folder"}
     */
    public static Builder builder() {
        return new Builder();
    }

    /** Creates a builder that starts from these options. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.kernels = kernels;
        builder.device = device;
        builder.precision = precision;
        builder.threads = threads;
        builder.queryInstruction = queryInstruction;
        builder.queryInstructionFormat = queryInstructionFormat;
        builder.passageInstruction = passageInstruction;
        builder.passageInstructionFormat = passageInstructionFormat;
        return builder;
    }

    /** Returns the kernels to use; {@link KernelKind#AUTO} by default. */
    public KernelKind kernels() {
        return kernels;
    }

    /** Returns the devices to use; {@link Device#AUTO} by default. */
    public Device device() {
        return device;
    }

    /** Returns the arithmetic of matrix products; {@link Precision#AUTO} by default. */
    public Precision precision() {
        return precision;
    }

    /**
     * Returns how many threads compute, 0..1,024. 0, the default, stands for the number of processors that
     * the JVM sees. The scalar kernels always use one.
     */
    public int threads() {
        return threads;
    }

    /** Returns the instruction that is put before each query; empty, the default, for none. */
    public String queryInstruction() {
        return queryInstruction;
    }

    /** Returns the format that combines the query instruction and the query; {@code "{}{}"} by default. */
    public String queryInstructionFormat() {
        return queryInstructionFormat;
    }

    /** Returns the instruction that is put before each passage; empty, the default, for none. */
    public String passageInstruction() {
        return passageInstruction;
    }

    /**
     * Returns the format that combines the passage instruction and the passage; {@code "{}{}"} by default.
     */
    public String passageInstructionFormat() {
        return passageInstructionFormat;
    }

    BackendRequest backend() {
        return new BackendRequest(kernels.name(), device.request(), precision.arithmetic(), threads);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof LoadOptions that
                && kernels.equals(that.kernels)
                && device.equals(that.device)
                && precision.equals(that.precision)
                && threads == that.threads
                && queryInstruction.equals(that.queryInstruction)
                && queryInstructionFormat.equals(that.queryInstructionFormat)
                && passageInstruction.equals(that.passageInstruction)
                && passageInstructionFormat.equals(that.passageInstructionFormat);
    }

    @Override
    public int hashCode() {
        return Objects.hash(kernels, device, precision, threads, queryInstruction, queryInstructionFormat,
                passageInstruction, passageInstructionFormat);
    }

    @Override
    public String toString() {
        return "LoadOptions["
                + "kernels=" + kernels
                + ", device=" + device
                + ", precision=" + precision
                + ", threads=" + threads
                + ", queryInstruction=" + queryInstruction
                + ", queryInstructionFormat=" + queryInstructionFormat
                + ", passageInstruction=" + passageInstruction
                + ", passageInstructionFormat=" + passageInstructionFormat + "]";
    }

    /** Builds options; settings that are not set have their defaults. Not thread-safe. */
    public static final class Builder {
        private KernelKind kernels = KernelKind.AUTO;
        private Device device = Device.AUTO;
        private Precision precision = Precision.AUTO;
        private int threads;
        private String queryInstruction = "";
        private String queryInstructionFormat = PLAIN_FORMAT;
        private String passageInstruction = "";
        private String passageInstructionFormat = PLAIN_FORMAT;

        private Builder() {}

        /** Sets the kernels to use. */
        public Builder kernels(KernelKind value) {
            kernels = value;
            return this;
        }

        /** Sets the devices to use. */
        public Builder device(Device value) {
            device = value;
            return this;
        }

        /** Sets the devices to use from a text that {@link Device#parse} reads. */
        public Builder device(String value) {
            device = Device.parse(value);
            return this;
        }

        /** Sets the arithmetic of matrix products. */
        public Builder precision(Precision value) {
            precision = value;
            return this;
        }

        /** Sets how many threads compute; 0 stands for the number of processors that the JVM sees. */
        public Builder threads(int value) {
            threads = value;
            return this;
        }

        /** Sets the instruction that is put before each query. */
        public Builder queryInstruction(String value) {
            queryInstruction = value;
            return this;
        }

        /** Sets the format that combines the query instruction and the query. */
        public Builder queryInstructionFormat(String value) {
            queryInstructionFormat = value;
            return this;
        }

        /** Sets the instruction that is put before each passage. */
        public Builder passageInstruction(String value) {
            passageInstruction = value;
            return this;
        }

        /** Sets the format that combines the passage instruction and the passage. */
        public Builder passageInstructionFormat(String value) {
            passageInstructionFormat = value;
            return this;
        }

        /**
         * Builds the options.
         *
         * @throws IllegalArgumentException
         *             if a setting is out of its range
         */
        public LoadOptions build() {
            Objects.requireNonNull(kernels, "kernels");
            Objects.requireNonNull(device, "device");
            Objects.requireNonNull(precision, "precision");
            Objects.requireNonNull(queryInstruction, "queryInstruction");
            Objects.requireNonNull(passageInstruction, "passageInstruction");
            if (threads < 0 || threads > MAX_THREADS) {
                throw new IllegalArgumentException(
                        "threads: " + threads + " (expected: 0.." + MAX_THREADS + ")");
            }
            Instruction.checkFormat("queryInstructionFormat", queryInstructionFormat);
            Instruction.checkFormat("passageInstructionFormat", passageInstructionFormat);
            return new LoadOptions(this);
        }
    }
}
