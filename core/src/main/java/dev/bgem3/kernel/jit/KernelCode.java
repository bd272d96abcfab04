package dev.bgem3.kernel.jit;

import dev.bgem3.asm.Abi;
import dev.bgem3.asm.Code;
import dev.bgem3.asm.ExecutableMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.Map;

/** All code of this package, assembled once for each set of kernels; freed with its arena. */
final class KernelCode {
    /** The tiles' heights, the tallest first: any number of rows is a sum of them. */
    private static final int[] HEIGHTS = {TileKernel.MOST_ROWS, 8, 4, 2, 1};

    private final Map<TileKernel.Finish, Code[]> tiles = new EnumMap<>(TileKernel.Finish.class);
    final Code layerNorm;
    final Code exponentiate;
    final Code divide;

    KernelCode(Arena arena) {
        Abi abi = Abi.ofThisMachine();
        for (TileKernel.Finish finish : TileKernel.Finish.values()) {
            Code[] codes = new Code[HEIGHTS.length];
            for (int i = 0; i < HEIGHTS.length; i++) {
                codes[i] = ExecutableMemory.load(arena,
                        "bgem3 " + HEIGHTS[i] + "x" + TileKernel.PANEL + " fp32 " + finish,
                        new TileKernel(HEIGHTS[i], finish).assemble(abi));
            }
            tiles.put(finish, codes);
        }
        layerNorm = ExecutableMemory.load(arena, "bgem3 layer norm", NormKernel.layerNorm(abi));
        exponentiate = ExecutableMemory.load(arena, "bgem3 softmax", SoftmaxKernel.exponentiate(abi));
        divide = ExecutableMemory.load(arena, "bgem3 softmax division", SoftmaxKernel.divide(abi));
    }

    /**
     * One panel's columns of {@code rows} rows, as the block's other fields say.
     *
     * @param residual
     *            an address that goes with {@code out}'s stride; 0 where the finish has none
     */
    void multiply(TileKernel.Finish finish, MemorySegment block, int rows, long out, long outStride,
            long left,
            long leftStride, long residual) {
        Code[] codes = tiles.get(finish);
        int row = 0;
        for (int i = 0; i < HEIGHTS.length; i++) {
            for (; rows - row >= HEIGHTS[i]; row += HEIGHTS[i]) {
                TileKernel.fillRows(block, out + row * outStride, left + row * leftStride,
                        residual == 0 ? 0 : residual + row * outStride);
                codes[i].call(block);
            }
        }
    }
}
