package dev.bgem3;

import dev.bgem3.kernel.Arithmetic;
import java.util.Optional;

/** The arithmetic of the encoder's matrix products. */
public enum Precision {
    /** fp32 on a CPU, which gives the reference's numbers; fp16 on a GPU, where wider arithmetic is slow. */
    AUTO("auto", null),
    /** 32-bit floating point throughout: the reference's arithmetic. */
    FP32(Arithmetic.FP32),
    /** 16-bit floating point, for GPUs. */
    FP16(Arithmetic.FP16),
    /** 16-bit brain floating point. */
    BF16(Arithmetic.BF16),
    /** 8-bit integers. */
    INT8(Arithmetic.INT8);

    private final String label;
    private final Arithmetic arithmetic;

    Precision(Arithmetic arithmetic) {
        this(arithmetic.label(), arithmetic);
    }

    Precision(String label, Arithmetic arithmetic) {
        this.label = label;
        this.arithmetic = arithmetic;
    }

    /** Returns the name that the command line uses. */
    public String label() {
        return label;
    }

    /** Returns the precision for an arithmetic. */
    static Precision of(Arithmetic arithmetic) {
        return switch (arithmetic) {
            case FP32 -> FP32;
            case FP16 -> FP16;
            case BF16 -> BF16;
            case INT8 -> INT8;
        };
    }

    /** Returns the arithmetic of this precision; empty for {@link #AUTO}. */
    Optional<Arithmetic> arithmetic() {
        return Optional.ofNullable(arithmetic);
    }
}
