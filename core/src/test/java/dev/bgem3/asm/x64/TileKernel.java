package dev.bgem3.asm.x64;

import static dev.bgem3.asm.x64.VectorOp.VBROADCASTSS;
import static dev.bgem3.asm.x64.VectorOp.VMOVUPS;
import static dev.bgem3.asm.x64.VectorOp.VXORPS;

import dev.bgem3.asm.Label;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * The smallest matrix product that runs at full speed: C[M, N] = A[M, K] · B[K, N] for M a multiple of the
 * tile's rows and N the tile's columns.
 *
 * <pre>
 * for each block of {@code rows} rows of A
 *     accumulators = 0
 *     for each step of K           1 element of fp32, 2 of bf16, 4 of int8: what 32 bits hold
 *         load {@code vectors} vectors of B
 *         for each row: accumulators(row, ·) += A(row, step) broadcast to the lanes · B(step, ·)
 *     store the accumulators
 * </pre>
 *
 * <p>
 * B is packed: step by step, {@code vectors} vectors each. A is packed (step by step, {@code rows} words of
 * 32 bits) or row-major. C is row-major without gaps. With int8, B is unsigned and A signed, as
 * {@code vpdpbusd} requires.
 *
 * @param operation
 *            the product of a step
 * @param rows
 *            rows of the tile
 * @param vectors
 *            vectors across the tile
 * @param widthBytes
 *            of a vector
 * @param packed
 *            whether A is packed; otherwise it is row-major, and the tile has at most 15 rows
 * @param embedded
 *            whether each operation reads its word of A from memory itself (AVX-512 only); otherwise a
 *            register holds it for all vectors of the row, which saves loads: processors execute two loads in
 *            a cycle, as many as operations
 * @param prefetchSteps
 *            how many steps ahead B is prefetched into the level 2 cache; 0 for no prefetching
 */
record TileKernel(VectorOp operation, int rows, int vectors, int widthBytes, boolean packed,
        boolean embedded, int prefetchSteps) {
    static final int UNROLLED_STEPS = 4;
    static final StructLayout BLOCK = MemoryLayout.structLayout(ValueLayout.ADDRESS.withName("c"),
            ValueLayout.ADDRESS.withName("a"), ValueLayout.ADDRESS.withName("b"),
            ValueLayout.JAVA_LONG.withName("blocks"), ValueLayout.JAVA_LONG.withName("steps"));
    private static final int WORD_BYTES = 4;
    private static final int ROWS_PER_BASE = 3;

    // Registers that are live during the whole call; none is the argument in either convention.
    private static final Gpr C = Gpr.R8;
    private static final Gpr A = Gpr.R9;
    private static final Gpr B = Gpr.R10;
    private static final Gpr BLOCKS = Gpr.R11;
    private static final Gpr STEPS = Gpr.RBX;
    // Registers of one block.
    private static final Gpr PANEL = Gpr.RAX;
    private static final Gpr LEFT = Gpr.RDX;
    private static final Gpr STRIDE = Gpr.RBP; // bytes from row to row of A, row-major
    /** Every third row of A. */
    private static final List<Gpr> ROW_BASES = List.of(Gpr.RSI, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15);

    /** Fills an argument block; steps must be a multiple of {@link #UNROLLED_STEPS}. */
    static void fill(MemorySegment block, MemorySegment c, MemorySegment a, MemorySegment b, long blocks,
            long steps) {
        block.set(ValueLayout.ADDRESS, 0, c);
        block.set(ValueLayout.ADDRESS, 8, a);
        block.set(ValueLayout.ADDRESS, 16, b);
        block.set(ValueLayout.JAVA_LONG, 24, blocks);
        block.set(ValueLayout.JAVA_LONG, 32, steps);
    }

    byte[] assemble(Abi abi) {
        return abi.function(code -> body(code, abi.argument()));
    }

    private Vec accumulator(int row, int vector) {
        return new Vec(row * vectors + vector, widthBytes);
    }

    private Vec panelVector(int vector) {
        return new Vec(rows * vectors + vector, widthBytes);
    }

    /**
     * Returns the register for a word of A in every lane; up to four of the remaining registers take turns.
     */
    private Vec broadcast(int row) {
        int first = rows * vectors + vectors;
        int left = (widthBytes == 64 ? 32 : 16) - first;
        return new Vec(first + row % Math.min(4, left), widthBytes);
    }

    private Mem word(int row, int step) {
        if (packed) {
            return Mem.at(ROW_BASES.getFirst(), (step * rows + row) * WORD_BYTES);
        }
        Gpr base = ROW_BASES.get(row / ROWS_PER_BASE);
        int within = row % ROWS_PER_BASE;
        return within == 0
                ? Mem.at(base, step * WORD_BYTES)
                : Mem.at(base, STRIDE, within, step * WORD_BYTES);
    }

    private void body(Assembler code, Gpr argument) {
        List<Gpr> fields = new ArrayList<>(List.of(C, A, B, BLOCKS, STEPS));
        for (int i = 0; i < fields.size(); i++) {
            code.mov(fields.get(i), Mem.at(argument, 8 * i));
        }
        code.mov(STRIDE, STEPS);
        code.shl(STRIDE, 2);
        Label nextBlock = code.label("next block");
        List<Gpr> bases = packed
                ? ROW_BASES.subList(0, 1)
                : ROW_BASES.subList(0, (rows + ROWS_PER_BASE - 1) / ROWS_PER_BASE);
        code.mov(bases.getFirst(), A);
        for (int i = 1; i < bases.size(); i++) {
            code.lea(bases.get(i), Mem.at(bases.get(i - 1), STRIDE, 2, 0));
            code.add(bases.get(i), STRIDE);
        }
        code.mov(PANEL, B);
        code.mov(LEFT, STEPS);
        for (int row = 0; row < rows; row++) {
            for (int vector = 0; vector < vectors; vector++) {
                Vec sum = accumulator(row, vector);
                code.emit(operation.forms == VectorOp.Forms.EVEX ? VectorOp.VPXORD : VXORPS, sum, sum, sum);
            }
        }
        code.align(64);
        Label nextSteps = code.label("next steps");
        for (int step = 0; step < UNROLLED_STEPS; step++) {
            step(code, step);
        }
        code.add(PANEL, UNROLLED_STEPS * vectors * widthBytes);
        for (Gpr base : bases) {
            code.add(base, UNROLLED_STEPS * WORD_BYTES * (packed ? rows : 1));
        }
        code.sub(LEFT, UNROLLED_STEPS);
        code.jump(Condition.NOT_EQUAL, nextSteps);
        for (int row = 0; row < rows; row++) {
            for (int vector = 0; vector < vectors; vector++) {
                code.emit(VMOVUPS, Mem.at(C, (row * vectors + vector) * widthBytes),
                        accumulator(row, vector));
            }
        }
        code.add(C, rows * vectors * widthBytes);
        code.imul(LEFT, STRIDE, rows);
        code.add(A, LEFT);
        code.dec(BLOCKS);
        code.jump(Condition.NOT_EQUAL, nextBlock);
    }

    private void step(Assembler code, int step) {
        for (int vector = 0; vector < vectors; vector++) {
            int offset = (step * vectors + vector) * widthBytes;
            code.emit(VMOVUPS, panelVector(vector), Mem.at(PANEL, offset));
            if (prefetchSteps > 0) {
                code.prefetcht1(Mem.at(PANEL, offset + prefetchSteps * vectors * widthBytes));
            }
        }
        for (int row = 0; row < rows; row++) {
            if (!embedded) {
                code.emit(VBROADCASTSS, broadcast(row), word(row, step));
            }
            for (int vector = 0; vector < vectors; vector++) {
                code.emit(operation, accumulator(row, vector), panelVector(vector),
                        embedded ? word(row, step).broadcasting() : broadcast(row));
            }
        }
    }
}
