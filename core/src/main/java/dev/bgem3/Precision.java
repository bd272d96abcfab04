package dev.bgem3;

import dev.bgem3.kernel.Arithmetic;
import java.util.Optional;

/** The arithmetic of the encoder's matrix products. */
public enum Precision {
    /** fp32 on a CPU, which gives the reference's numbers; fp16 on a GPU, where wider arithmetic is slow. */
    AUTO("auto"),
    /** 32-bit floating point throughout: the reference's arithmetic. */
    FP32("fp32"),
    /** 16-bit floating point, for GPUs. */
    FP16("fp16"),
    /** 16-bit brain floating point. */
    BF16("bf16"),
    /** 8-bit integers. */
    INT8("int8");

    private final String label;

    Precision(String label) {
        this.label = label;
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
        return switch (this) {
            case AUTO -> Optional.empty();
            case FP32 -> Optional.of(Arithmetic.FP32);
            case FP16 -> Optional.of(Arithmetic.FP16);
            case BF16 -> Optional.of(Arithmetic.BF16);
            case INT8 -> Optional.of(Arithmetic.INT8);
        };
    }
}
