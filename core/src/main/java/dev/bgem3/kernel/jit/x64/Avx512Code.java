package dev.bgem3.kernel.jit.x64;

import dev.bgem3.asm.x64.Abi;
import dev.bgem3.asm.Code;
import dev.bgem3.asm.x64.CpuFeature;
import dev.bgem3.asm.x64.CpuFeatures;
import dev.bgem3.asm.ExecutableMemory;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.Int8Policy;
import dev.bgem3.kernel.jit.KernelSet;
import dev.bgem3.kernel.jit.SharedCode;
import dev.bgem3.kernel.jit.x64.Avx512TileKernel.Left;
import java.lang.foreign.Arena;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All code of the AVX-512 kernels of an arithmetic, shared by all models; its memory is freed after the last
 * of them.
 */
final class Avx512Code {
    /** The ends of linear layers; those with bf16 results come last. */
    private static final List<Avx512TileEnd> LAYER_ENDS = List.of(new Avx512TileEnd(TileFinish.BIAS, false),
            new Avx512TileEnd(TileFinish.BIAS_RELU, false), new Avx512TileEnd(TileFinish.BIAS_GELU, false),
            new Avx512TileEnd(TileFinish.BIAS_RESIDUAL, false), new Avx512TileEnd(TileFinish.BIAS, true),
            new Avx512TileEnd(TileFinish.BIAS_GELU, true));
    private static final int FP32_ENDS = 4;
    /** The only end of {@link #attentionScores}. */
    static final int SCORES = 0;
    private static final List<Avx512TileEnd> SCORE_ENDS = List.of(new Avx512TileEnd(TileFinish.NONE, false));
    /**
     * The ends of {@link #attentionSums}: for the first block of keys, and for later ones, which are added to
     * the rescaled sums of earlier blocks.
     */
    static final int FIRST_VALUES = 0;
    static final int MORE_VALUES = 1;
    private static final List<Avx512TileEnd> SUM_ENDS = List.of(new Avx512TileEnd(TileFinish.NONE, false),
            new Avx512TileEnd(TileFinish.SCALE_ADD, false));

    private static final SharedCode<Avx512Code> SHARED = new SharedCode<>(Avx512Code::new);

    /** Whether the products of attention are in bf16 instead of fp32. */
    final boolean bf16Attention;
    private final Arena arena = Arena.ofAuto();
    private final Abi abi = Abi.ofThisMachine();
    private final List<Avx512TileEnd> layerEnds;
    private final Map<Arithmetic, Code> layers = new EnumMap<>(Arithmetic.class);

    /** Convert a layer's left operand to its arithmetic; fp32 needs none. */
    private final Map<Arithmetic, Code> operands = new EnumMap<>(Arithmetic.class);
    /** Convert a left operand in bf16; layers in bf16 need none. */
    private final Map<Arithmetic, Code> roundedOperands = new EnumMap<>(Arithmetic.class);
    /** The softmax, by the number of vectors that a block's queries fill: 1, 2, and 4 for 3 or 4. */
    private final Code[] exponentiate = new Code[3];
    final Code layerNorm;
    private final Code attentionOperand;
    private final Code attentionValues;
    final Code transpose;
    final Code attentionScores;
    /** Computes the weighted sums of values. */
    final Code attentionSums;
    private final Code divide;
    // The same for tensors in bf16; null if attention is in fp32.
    private final Code roundedOperand;
    private final Code roundedValues;
    private final Code divideRounded;

    /** Returns the code for linear layers in an arithmetic. */
    static Avx512Code of(Arithmetic arithmetic) {
        return SHARED.of(arithmetic);
    }

    private Avx512Code(Arithmetic arithmetic) {
        bf16Attention = arithmetic.isNoFinerThan(Arithmetic.BF16)
                && CpuFeatures.ofThisMachine().has(CpuFeature.AVX512_BF16);
        layerEnds = bf16Attention ? LAYER_ENDS : LAYER_ENDS.subList(0, FP32_ENDS);
        Arithmetic precise = Int8Policy.precise(arithmetic, InstructionSet.AVX512.arithmetics());
        for (Arithmetic layer : EnumSet.of(arithmetic, precise)) {
            layers.put(layer, tiles("layers", layer, Left.ROWS, layerEnds));
            Optional<byte[]> fromFp32 = fromFp32(layer);
            if (fromFp32.isPresent()) {
                operands.put(layer, load("to " + layer.label(), fromFp32.get()));
            }
            Optional<byte[]> fromBf16 = bf16Attention ? fromBf16(layer) : Optional.empty();
            if (fromBf16.isPresent()) {
                roundedOperands.put(layer, load("bf16 to " + layer.label(), fromBf16.get()));
            }
        }
        layerNorm = load("layer norm", NormKernel.layerNorm(Vectors.AVX512, abi));
        Arithmetic attention = bf16Attention ? Arithmetic.BF16 : Arithmetic.FP32;
        attentionOperand = load("attention operand",
                bf16Attention ? Avx512OperandKernel.toBf16(abi) : Avx512OperandKernel.copy(abi));
        attentionValues = load("attention values",
                bf16Attention ? Avx512PanelKernel.pairs(abi, false) : Avx512PanelKernel.rows(abi));
        if (bf16Attention) {
            roundedOperand = load("attention operand of bf16", Avx512OperandKernel.copyBf16(abi));
            roundedValues = load("attention values of bf16", Avx512PanelKernel.pairs(abi, true));
            divideRounded = load("softmax division to bf16", Avx512SoftmaxKernel.divide(abi, true));
        } else {
            roundedOperand = null;
            roundedValues = null;
            divideRounded = null;
        }
        transpose = load("transposition", Avx512PanelKernel.transpose(abi));
        attentionScores = tiles("attention scores", attention, Left.ROWS, SCORE_ENDS);
        attentionSums = tiles("attention sums", attention, Left.STEPS, SUM_ENDS);
        for (int i = 0; i < exponentiate.length; i++) {
            exponentiate[i] = load("softmax", Avx512SoftmaxKernel.exponentiate(abi, 1 << i, bf16Attention));
        }
        divide = load("softmax division", Avx512SoftmaxKernel.divide(abi, false));
    }

    /** Returns the conversion of an fp32 operand; empty if layers read it in place. */
    private Optional<byte[]> fromFp32(Arithmetic layer) {
        return switch (layer) {
            case FP32 -> Optional.empty();
            case BF16 -> Optional.of(Avx512OperandKernel.toBf16(abi));
            case INT8 -> Optional.of(OperandKernel.toInt8(Vectors.AVX512, abi));
            case FP16 -> throw KernelSet.notOffered(layer);
        };
    }

    /** Returns the conversion of a bf16 operand; empty if layers read it in place or never have one. */
    private Optional<byte[]> fromBf16(Arithmetic layer) {
        return switch (layer) {
            case FP32, BF16 -> Optional.empty();
            case INT8 -> Optional.of(Avx512OperandKernel.bf16ToInt8(abi));
            case FP16 -> throw KernelSet.notOffered(layer);
        };
    }

    private Code load(String name, byte[] bytes) {
        return ExecutableMemory.load(arena, "bgem3 " + name, bytes);
    }

    private Code tiles(String name, Arithmetic arithmetic, Left left, List<Avx512TileEnd> ends) {
        return load(name + " in " + arithmetic, new Avx512TileKernel(arithmetic, left, ends).assemble(abi));
    }

    /** Returns the products of linear layers in an arithmetic. */
    Code layer(Arithmetic arithmetic) {
        return layers.get(arithmetic);
    }

    /** Returns the index of an end among those of layers. */
    int end(TileFinish finish, boolean bf16Out) {
        // No List.indexOf: Java links the equality of a record again in every process.
        for (int end = 0; end < layerEnds.size(); end++) {
            if (layerEnds.get(end).finish() == finish && layerEnds.get(end).bf16Out() == bf16Out) {
                return end;
            }
        }
        throw new IllegalArgumentException(
                "result of " + finish + ": a rounded tensor (expected: one of fp32)");
    }

    /** Returns the conversion of a layer's left operand from fp32 or bf16; from bf16 only to int8. */
    Code operand(boolean fromBf16, Arithmetic to) {
        Code code = (fromBf16 ? roundedOperands : operands).get(to);
        if (code == null) {
            throw new IllegalArgumentException(
                    "a left operand of " + (fromBf16 ? "bf16" : "fp32") + " for products in "
                            + to + " (expected: one that is converted)");
        }
        return code;
    }

    /** Returns the code that copies queries and keys in the arithmetic of attention. */
    Code attentionOperand(boolean fromBf16) {
        return fromBf16 ? roundedOperand : attentionOperand;
    }

    /** Returns the code that packs the values of attention as a right operand. */
    Code attentionValues(boolean fromBf16) {
        return fromBf16 ? roundedValues : attentionValues;
    }

    /** Returns the code that writes the result of a block. */
    Code divide(boolean toBf16) {
        return toBf16 ? divideRounded : divide;
    }

    /** Returns the softmax for a block with this number of queries. */
    Code exponentiate(int queries) {
        return exponentiate[queries <= Avx512VectorCode.LANES
                ? 0
                : queries <= 2 * Avx512VectorCode.LANES ? 1 : 2];
    }
}
