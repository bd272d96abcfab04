package dev.bgem3.kernel.jit;

import dev.bgem3.asm.Abi;
import dev.bgem3.asm.Code;
import dev.bgem3.asm.ExecutableMemory;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.jit.TileKernel.Finish;
import dev.bgem3.kernel.jit.TileKernel.Left;
import java.lang.foreign.Arena;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** All code of this package, assembled once for each set of kernels; freed with its arena. */
final class KernelCode {
    /** The ends of linear layers. */
    private static final List<Finish> LAYER_FINISHES = List.of(Finish.BIAS, Finish.BIAS_RELU,
            Finish.BIAS_GELU,
            Finish.BIAS_RESIDUAL);

    private final Arena arena;
    private final Abi abi = Abi.ofThisMachine();
    private final Map<Arithmetic, Map<Finish, Code>> layers = new EnumMap<>(Arithmetic.class);
    /** Turn a layer's left operand into its arithmetic; fp32 needs none. */
    private final Map<Arithmetic, Code> operands = new EnumMap<>(Arithmetic.class);
    /** By the number of vectors that a block's queries fill: 1, 2 and, for 3 too, 4. */
    private final Code[] exponentiate = new Code[3];
    final Code layerNorm;
    /** Copies attention's queries and keys in its arithmetic. */
    final Code attentionOperand;
    /** Lays attention's values out as a right operand. */
    final Code attentionValues;
    final Code transpose;
    final Code attentionScores;
    /** The weighted sum of values of a first block of keys, and of a later one, which is added to the one before, rescaled. */
    final Code attentionValuesFirst;
    final Code attentionValuesMore;
    final Code divide;

    /**
     * Assembles.
     *
     * @param arithmetics
     *            of the linear layers
     * @param bf16Attention
     *            whether attention's products are in bf16; else they are in fp32
     */
    KernelCode(Arena arena, Set<Arithmetic> arithmetics, boolean bf16Attention) {
        this.arena = arena;
        for (Arithmetic arithmetic : arithmetics) {
            Map<Finish, Code> tiles = new EnumMap<>(Finish.class);
            LAYER_FINISHES.forEach(finish -> tiles.put(finish, tile(finish, arithmetic, Left.ROWS)));
            layers.put(arithmetic, tiles);
            switch (arithmetic) {
                case FP32 -> {
                    // The operand is read where it lies.
                }
                case BF16 -> operands.put(arithmetic, load("to bf16", OperandKernel.toBf16(abi)));
                case INT8 -> operands.put(arithmetic, load("to int8", OperandKernel.toInt8(abi)));
                case FP16 -> throw notOffered(arithmetic);
            }
        }
        layerNorm = load("layer norm", NormKernel.layerNorm(abi));
        Arithmetic attention = bf16Attention ? Arithmetic.BF16 : Arithmetic.FP32;
        attentionOperand = load("attention operand",
                bf16Attention ? OperandKernel.toBf16(abi) : OperandKernel.copy(abi));
        attentionValues = load("attention values",
                bf16Attention ? PanelKernel.pairs(abi) : PanelKernel.rows(abi));
        transpose = load("transposition", PanelKernel.transpose(abi));
        attentionScores = tile(Finish.NONE, attention, Left.ROWS);
        attentionValuesFirst = tile(Finish.NONE, attention, Left.STEPS);
        attentionValuesMore = tile(Finish.SCALE_ADD, attention, Left.STEPS);
        for (int i = 0; i < exponentiate.length; i++) {
            exponentiate[i] = load("softmax", SoftmaxKernel.exponentiate(abi, 1 << i, bf16Attention));
        }
        divide = load("softmax division", SoftmaxKernel.divide(abi));
    }

    /** What follows where someone opens the kernels in an arithmetic that their provider does not offer. */
    static IllegalArgumentException notOffered(Arithmetic arithmetic) {
        return new IllegalArgumentException(
                "arithmetic: " + arithmetic + " (expected: one that the provider offers)");
    }

    private Code load(String name, byte[] bytes) {
        return ExecutableMemory.load(arena, "bgem3 " + name, bytes);
    }

    private Code tile(Finish finish, Arithmetic arithmetic, Left left) {
        return load("product " + arithmetic + " " + finish + " " + left,
                new TileKernel(finish, arithmetic, left).assemble(abi));
    }

    /** A linear layer's products in that arithmetic, with that end. */
    Code layer(Arithmetic arithmetic, Finish finish) {
        return layers.get(arithmetic).get(finish);
    }

    /** What turns a layer's left operand into bf16 or int8. */
    Code operand(Arithmetic arithmetic) {
        return operands.get(arithmetic);
    }

    /** The softmax of a block of that many queries. */
    Code exponentiate(int queries) {
        return exponentiate[queries <= VectorCode.LANES ? 0 : queries <= 2 * VectorCode.LANES ? 1 : 2];
    }
}
