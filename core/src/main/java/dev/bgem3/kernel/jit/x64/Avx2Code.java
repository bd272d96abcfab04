package dev.bgem3.kernel.jit.x64;

import dev.bgem3.asm.x64.Abi;
import dev.bgem3.asm.Code;
import dev.bgem3.asm.ExecutableMemory;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.jit.KernelSet;
import dev.bgem3.kernel.jit.SharedCode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;

/**
 * All code of the AVX2 kernels of an arithmetic, shared by all models; its memory is freed after the last of
 * them. Everything except the linear layers is in fp32.
 */
final class Avx2Code {
    private static final SharedCode<Avx2Code> SHARED = new SharedCode<>(Avx2Code::new);

    /** The tiles of 1, 2 … rows, by arithmetic and finish. */
    private final Map<Arithmetic, Map<TileFinish, Code[]>> tiles = new EnumMap<>(Arithmetic.class);
    /** Converts the left operand of scaled layers to their arithmetic; null if there are none. */
    final Code operand;
    final Code layerNorm;
    final Code exponentiate;
    final Code divide;

    /** Returns the code for kernels of an arithmetic. */
    static Avx2Code of(Arithmetic arithmetic) {
        return SHARED.of(arithmetic);
    }

    private Avx2Code(Arithmetic arithmetic) {
        Arena arena = Arena.ofAuto();
        Abi abi = Abi.ofThisMachine();
        for (Arithmetic one : EnumSet.of(Arithmetic.FP32, arithmetic)) {
            tiles.put(one, tiles(arena, abi, one));
        }
        operand = switch (arithmetic) {
            case FP32 -> null;
            case INT8 -> ExecutableMemory.load(arena, "bgem3 avx2 to int8",
                    OperandKernel.toInt8(Vectors.AVX2, abi));
            case FP16, BF16 -> throw KernelSet.notOffered(arithmetic);
        };
        layerNorm = ExecutableMemory.load(arena, "bgem3 avx2 layer norm",
                NormKernel.layerNorm(Vectors.AVX2, abi));
        exponentiate = ExecutableMemory.load(arena, "bgem3 avx2 softmax",
                Avx2SoftmaxKernel.exponentiate(abi));
        divide = ExecutableMemory.load(arena, "bgem3 avx2 softmax division", Avx2SoftmaxKernel.divide(abi));
    }

    /** Assembles the tiles of 1, 2 … rows for each finish. */
    private static Map<TileFinish, Code[]> tiles(Arena arena, Abi abi, Arithmetic arithmetic) {
        Map<TileFinish, Code[]> tiles = new EnumMap<>(TileFinish.class);
        for (TileFinish finish : EnumSet.complementOf(EnumSet.of(TileFinish.SCALE_ADD))) {
            Code[] codes = new Code[Avx2TileKernel.MAX_ROWS];
            for (int i = 0; i < codes.length; i++) {
                codes[i] = ExecutableMemory.load(arena,
                        "bgem3 avx2 " + (i + 1) + "x" + Avx2TileKernel.PANEL + " " + arithmetic + " "
                                + finish,
                        new Avx2TileKernel(i + 1, finish, arithmetic).assemble(abi));
            }
            tiles.put(finish, codes);
        }
        return tiles;
    }

    /** Computes the columns of one panel for {@code rows} rows, with the fields of the block. */
    void multiply(Arithmetic arithmetic, TileFinish finish, MemorySegment block, int rows) {
        Code[] codes = tiles.get(arithmetic).get(finish);
        int groups = rows / Avx2TileKernel.MAX_ROWS;
        int rest = rows % Avx2TileKernel.MAX_ROWS;
        if (groups > 0) {
            Avx2TileKernel.fillGroups(block, groups);
            codes[Avx2TileKernel.MAX_ROWS - 1].call(block);
        }
        if (rest > 0) {
            Avx2TileKernel.fillGroups(block, 1);
            codes[rest - 1].call(block);
        }
    }
}
