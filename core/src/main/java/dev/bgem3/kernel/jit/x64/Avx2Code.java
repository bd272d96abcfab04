package dev.bgem3.kernel.jit.x64;

import dev.bgem3.asm.x64.Abi;
import dev.bgem3.asm.Code;
import dev.bgem3.asm.ExecutableMemory;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.jit.SharedCode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;

/** {@link Avx512Code} in AVX2. */
final class Avx2Code {
    private static final SharedCode<Avx2Code> SHARED = new SharedCode<>(Avx2Code::new);

    private final Map<TileFinish, Code[]> tiles;
    private final Map<TileFinish, Code[]> layerTiles;
    /** Rounds a layer's left operand; null for fp32, which needs none. */
    final Code operand;
    final Code layerNorm;
    final Code exponentiate;
    final Code divide;

    /** The code for linear layers in that arithmetic; the rest is fp32. */
    static Avx2Code of(Arithmetic arithmetic) {
        return SHARED.of(arithmetic);
    }

    private Avx2Code(Arithmetic arithmetic) {
        Arena arena = Arena.ofAuto();
        Abi abi = Abi.ofThisMachine();
        tiles = tiles(arena, abi, Arithmetic.FP32);
        layerTiles = arithmetic == Arithmetic.FP32 ? tiles : tiles(arena, abi, arithmetic);
        operand = arithmetic == Arithmetic.FP32
                ? null
                : ExecutableMemory.load(arena, "bgem3 avx2 to int8", Avx2OperandKernel.toInt8(abi));
        layerNorm = ExecutableMemory.load(arena, "bgem3 avx2 layer norm", Avx2NormKernel.layerNorm(abi));
        exponentiate = ExecutableMemory.load(arena, "bgem3 avx2 softmax",
                Avx2SoftmaxKernel.exponentiate(abi));
        divide = ExecutableMemory.load(arena, "bgem3 avx2 softmax division", Avx2SoftmaxKernel.divide(abi));
    }

    /** By finish, the tiles of 1, 2 … rows. */
    private static Map<TileFinish, Code[]> tiles(Arena arena, Abi abi, Arithmetic arithmetic) {
        Map<TileFinish, Code[]> tiles = new EnumMap<>(TileFinish.class);
        for (TileFinish finish : EnumSet.complementOf(EnumSet.of(TileFinish.SCALE_ADD))) {
            Code[] codes = new Code[Avx2TileKernel.MOST_ROWS];
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

    /** One panel's columns of {@code rows} rows in fp32, as the block's fields say. */
    void multiply(TileFinish finish, MemorySegment block, int rows) {
        multiply(tiles.get(finish), block, rows);
    }

    /** One panel's columns of {@code rows} rows in int8, as the block's fields say. */
    void multiplyInt8(TileFinish finish, MemorySegment block, int rows) {
        multiply(layerTiles.get(finish), block, rows);
    }

    private static void multiply(Code[] codes, MemorySegment block, int rows) {
        int groups = rows / Avx2TileKernel.MOST_ROWS;
        int rest = rows % Avx2TileKernel.MOST_ROWS;
        if (groups > 0) {
            Avx2TileKernel.fillGroups(block, groups);
            codes[Avx2TileKernel.MOST_ROWS - 1].call(block);
        }
        if (rest > 0) {
            Avx2TileKernel.fillGroups(block, 1);
            codes[rest - 1].call(block);
        }
    }
}
