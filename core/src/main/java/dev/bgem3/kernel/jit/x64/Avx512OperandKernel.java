package dev.bgem3.kernel.jit.x64;

import static dev.bgem3.asm.x64.VectorOp.VCVTNEPS2BF16;
import static dev.bgem3.asm.x64.VectorOp.VMOVUPS;

import dev.bgem3.asm.x64.Abi;
import dev.bgem3.asm.x64.Vec;

/**
 * The conversions of operands that only AVX-512 kernels need: copies, and conversions to and from bf16,
 * rounded to nearest even.
 */
final class Avx512OperandKernel {
    private static final Vec X = Vec.zmm(0);
    private static final Vec HALF = Vec.ymm(0);
    private static final int FP32_BYTES = Avx512VectorCode.BYTES;
    private static final int BF16_BYTES = Avx512VectorCode.BYTES / 2;

    private Avx512OperandKernel() {}

    /** Copies rows of fp32. */
    static byte[] copy(Abi abi) {
        return abi.function(code -> {
            Avx512VectorCode math = new Avx512VectorCode(code);
            new OperandKernel(Vectors.AVX512, math, abi.argument()).copy(FP32_BYTES, FP32_BYTES, () -> {
                code.emit(VMOVUPS, X, OperandKernel.SOURCE);
                code.emit(VMOVUPS, OperandKernel.DESTINATION, X);
            }, () -> {
                math.loadLast(X, OperandKernel.SOURCE);
                code.emit(VMOVUPS, OperandKernel.DESTINATION, X);
            });
        });
    }

    /** Converts rows of fp32 to bf16. */
    static byte[] toBf16(Abi abi) {
        return abi.function(code -> {
            Avx512VectorCode math = new Avx512VectorCode(code);
            new OperandKernel(Vectors.AVX512, math, abi.argument()).copy(FP32_BYTES, BF16_BYTES, () -> {
                code.emit(VCVTNEPS2BF16, HALF, OperandKernel.SOURCE);
                code.emit(VMOVUPS, OperandKernel.DESTINATION, HALF);
            }, () -> {
                math.loadLast(X, OperandKernel.SOURCE);
                code.emit(VCVTNEPS2BF16, HALF, X);
                code.emit(VMOVUPS, OperandKernel.DESTINATION, HALF);
            });
        });
    }

    /** Copies rows of bf16. */
    static byte[] copyBf16(Abi abi) {
        return abi.function(code -> {
            Avx512VectorCode math = new Avx512VectorCode(code);
            new OperandKernel(Vectors.AVX512, math, abi.argument()).copy(BF16_BYTES, BF16_BYTES, () -> {
                code.emit(VMOVUPS, HALF, OperandKernel.SOURCE);
                code.emit(VMOVUPS, OperandKernel.DESTINATION, HALF);
            }, () -> {
                math.copyLastBf16(HALF, OperandKernel.SOURCE);
                code.emit(VMOVUPS, OperandKernel.DESTINATION, HALF);
            });
        });
    }

    /** Converts rows of bf16 to int8 and stores their scales. */
    static byte[] bf16ToInt8(Abi abi) {
        return abi.function(code -> {
            Avx512VectorCode math = new Avx512VectorCode(code);
            new OperandKernel(Vectors.AVX512, math, abi.argument()).toInt8(BF16_BYTES,
                    () -> math.loadBf16(X, OperandKernel.SOURCE),
                    () -> math.loadLastBf16(X, OperandKernel.SOURCE));
        });
    }
}
