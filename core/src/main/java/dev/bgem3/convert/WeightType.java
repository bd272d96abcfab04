package dev.bgem3.convert;

import dev.bgem3.weights.DType;

/** An element type of weights on disk. */
public enum WeightType {
    /** 32-bit floating point. */
    FP32("fp32", "float32", DType.F32),
    /** 16-bit floating point. */
    FP16("fp16", "float16", DType.F16),
    /** 16-bit brain floating point. */
    BF16("bf16", "bfloat16", DType.BF16);

    private final String label;
    private final String torchName;
    private final DType stored;

    WeightType(String label, String torchName, DType stored) {
        this.label = label;
        this.torchName = torchName;
        this.stored = stored;
    }

    /** Returns the name that the command line uses. */
    public String label() {
        return label;
    }

    /** Returns the name in {@code config.json}. */
    String torchName() {
        return torchName;
    }

    DType stored() {
        return stored;
    }
}
