package dev.bgem3.kernel.jit.x64;

import static dev.bgem3.asm.x64.VectorOp.KMOVW;
import static dev.bgem3.asm.x64.VectorOp.VBROADCASTSS;
import static dev.bgem3.asm.x64.VectorOp.VDPBF16PS;
import static dev.bgem3.asm.x64.VectorOp.VFMADD231PS;
import static dev.bgem3.asm.x64.VectorOp.VMOVUPS;
import static dev.bgem3.asm.x64.VectorOp.VPDPBUSD;
import static dev.bgem3.asm.x64.VectorOp.VPXORD;

import dev.bgem3.asm.x64.Abi;
import dev.bgem3.asm.x64.Assembler;
import dev.bgem3.asm.x64.Condition;
import dev.bgem3.asm.x64.Gpr;
import dev.bgem3.asm.Label;
import dev.bgem3.asm.x64.Mask;
import dev.bgem3.asm.x64.Mem;
import dev.bgem3.asm.x64.Vec;
import dev.bgem3.asm.x64.VectorOp;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.jit.KernelSet;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * The inner loops of the matrix product: any number of rows by the {@link #PANEL} columns of one panel.
 *
 * <pre>
 * for each tile of {@link #MAX_ROWS} rows, and what is left in tiles of 8, 4, 2 and 1 (16 in two of 8)
 *     sums = 0
 *     for each step of K           1 number of fp32, 2 of bf16, 4 of int8: the contents of a 32-bit word
 *         load 2 vectors of the panel
 *         for each row: sums(row, ·) += left(row, step) broadcast to the lanes · panel(step, ·)
 *     end the sums and store them, by {@link Avx512TileEnds}
 * </pre>
 *
 * <p>
 * The left operand is read in place; the panel is packed, step by step. Each sum is one chain of
 * multiply-adds in ascending steps, whatever the number of rows, so a result does not depend on its
 * neighbours. A register holds a broadcast number for both vectors of its row: a processor executes two loads
 * in a cycle, as many as multiply-adds, and embedded broadcasts would need a third more loads than that.
 * Measured on one Zen 5 core with a depth of 512 and 12 rows: 97.6 % of the rate of multiply-adds between
 * registers, 89.7 % with embedded broadcasts.
 *
 * @param arithmetic
 *            fp32; bf16, whose operands are pairs ({@code vdpbf16ps}); int8, whose left operand is unsigned,
 *            128 more than the number, and whose panel is signed ({@code vpdpbusd})
 * @param left
 *            the layout of the left operand
 * @param ends
 *            the possible ends of a tile; a call selects one by its index in this list
 */
record Avx512TileKernel(Arithmetic arithmetic, Left left, List<Avx512TileEnd> ends) {
    Avx512TileKernel {
        for (Avx512TileEnd end : ends) {
            if (end.isLayer() != ends.getFirst().isLayer()) {
                throw new IllegalArgumentException(
                        ends + " (expected: of linear layers or of attention, not both)");
            }
        }
    }

    /** The order of the left operand's words. */
    enum Left {
        /** Row by row: the steps of a row side by side, the rows at a stride. */
        ROWS,
        /** Step by step: the rows of a step side by side, the steps {@link #STEP_BYTES} apart. */
        STEPS
    }

    /** The number of columns of a tile: two vectors. */
    static final int PANEL = 2 * Avx512VectorCode.LANES;
    /**
     * The most rows of a tile: 24 sums, 2 vectors of the panel, 4 broadcast numbers take 30 of 32 registers.
     */
    static final int MAX_ROWS = 12;

    /** The distance between steps of a left operand in the layout {@link Left#STEPS}: 64 rows. */
    static final int STEP_BYTES = 256;

    /** The heights of tiles; any number of rows is a sum of them. */
    private static final int[] HEIGHTS = {MAX_ROWS, 8, 4, 2, 1};
    /**
     * For this number of rows, two tiles of 8 replace 12 and 4 unless memory is the bottleneck: 4 rows have
     * too few sums to fill the pipeline with multiply-adds.
     */
    private static final int TWICE_EIGHT = 16;
    private static final int UNROLLED_STEPS = 4;
    private static final int CACHE_LINE = 64;
    /**
     * Up to this number of rows, two tiles, each tile prefetches its share of the next panel, in proportion
     * to its height, so that weights arrive at the speed of memory during both. With more rows, a tile
     * prefetches a line every {@link #UNROLLED_STEPS} steps, an eighth of what it reads.
     */
    private static final int FEW_ROWS = 24;
    private static final int ROWS_PER_BASE = 3;
    static final int VECTORS = 2;

    // The argument block: 64-bit fields; the masks of the two vectors' columns have 32 bits each. The code
    // itself advances the left operand and row scales.
    private static final int OUT_FIELD = 0;
    private static final int OUT_STRIDE_FIELD = 8;
    private static final int LEFT_FIELD = 16;
    private static final int LEFT_STRIDE_FIELD = 24;
    private static final int PANEL_FIELD = 32;
    private static final int STEPS_FIELD = 40;
    private static final int BIAS_FIELD = 48;
    private static final int RESIDUAL_FIELD = 56;
    private static final int MASK_FIELD = 64;
    static final int ROW_SCALES_FIELD = 72; // int8 and SCALE_ADD: fp32, one per row
    static final int COLUMN_SCALES_FIELD = 80; // int8: fp32, the panel's columns
    static final int OFFSETS_FIELD = 88; // int8: 32-bit integers, the panel's columns
    private static final int ROWS_FIELD = 96;
    static final int END_FIELD = 104; // an index in the list of ends
    static final int BLOCK_BYTES = 112;

    static final Gpr OUT = Gpr.R8;
    static final Gpr OUT_STRIDE = Gpr.R9;
    static final Gpr PANEL_AT = Gpr.R10;
    private static final Gpr STEPS = Gpr.R11;
    static final Gpr COUNT = Gpr.RBX;
    private static final Gpr LEFT_STRIDE = Gpr.RBP;
    static final Gpr BIAS = Gpr.RAX;
    static final Gpr RESIDUAL = Gpr.RDX;
    private static final Gpr ROWS = Gpr.R15;
    /** Every third row of the left operand. */
    static final List<Gpr> BASES = List.of(Gpr.RSI, Gpr.R12, Gpr.R13, Gpr.R14);

    private static final Mask[] COLUMNS = {new Mask(1), new Mask(2)};

    /** Sets the fields that are the same for all tiles; {@code end} is an index in {@link #ends}. */
    static void fill(MemorySegment block, long outStrideBytes, long leftStrideBytes, long steps, int end) {
        block.set(ValueLayout.JAVA_LONG, END_FIELD, end);
        block.set(ValueLayout.JAVA_LONG, OUT_STRIDE_FIELD, outStrideBytes);
        block.set(ValueLayout.JAVA_LONG, LEFT_STRIDE_FIELD, leftStrideBytes);
        block.set(ValueLayout.JAVA_LONG, STEPS_FIELD, steps);
    }

    /** Sets the panel, the bias of its columns (0 for none) and their number. */
    static void fillPanel(MemorySegment block, long panelAddress, long biasAddress, int columns) {
        block.set(ValueLayout.JAVA_LONG, PANEL_FIELD, panelAddress);
        block.set(ValueLayout.JAVA_LONG, BIAS_FIELD, biasAddress);
        block.set(ValueLayout.JAVA_LONG, MASK_FIELD,
                Avx512VectorCode.maskOf(columns)
                        | (long) Avx512VectorCode.maskOf(columns - Avx512VectorCode.LANES) << 32);
    }

    /** Sets the rows, at least 1, for one call; addresses that the kernel does not need may be 0. */
    static void fillRows(MemorySegment block, int rows, long outAddress, long leftAddress,
            long residualAddress,
            long rowScalesAddress) {
        block.set(ValueLayout.JAVA_LONG, ROWS_FIELD, rows);
        block.set(ValueLayout.JAVA_LONG, OUT_FIELD, outAddress);
        block.set(ValueLayout.JAVA_LONG, LEFT_FIELD, leftAddress);
        block.set(ValueLayout.JAVA_LONG, RESIDUAL_FIELD, residualAddress);
        block.set(ValueLayout.JAVA_LONG, ROW_SCALES_FIELD, rowScalesAddress);
    }

    /**
     * Sets the fields that, with the scales of rows, convert int8 sums to fp32: the scales of columns, and
     * 128 times their sums.
     */
    static void fillScales(MemorySegment block, long columnScales, long offsets) {
        block.set(ValueLayout.JAVA_LONG, COLUMN_SCALES_FIELD, columnScales);
        block.set(ValueLayout.JAVA_LONG, OFFSETS_FIELD, offsets);
    }

    /** Returns rdi or rcx, whichever does not hold the argument block (System V and Windows conventions). */
    private static Gpr nextPanel(Gpr argument) {
        return argument == Gpr.RCX ? Gpr.RDI : Gpr.RCX;
    }

    byte[] assemble(Abi abi) {
        return abi.function(code -> body(code, abi.argument()));
    }

    static Vec sum(int row, int vector) {
        return Vec.zmm(row * VECTORS + vector);
    }

    private static Vec panelVector(int vector) {
        return Vec.zmm(24 + vector);
    }

    private static Vec broadcast(int row) {
        return Vec.zmm(26 + row % 4);
    }

    /** Returns the mask of a vector's columns in the tile. */
    static Mask columns(int vector) {
        return COLUMNS[vector];
    }

    /**
     * Returns whether this is the product of a linear layer, which prefetches its next panel of weights from
     * memory; the operands of attention are in the caches.
     */
    private boolean isLayer() {
        return ends.getFirst().isLayer();
    }

    private Mem left(int row, int step) {
        if (left == Left.STEPS) {
            return Mem.at(BASES.getFirst(), step * STEP_BYTES + 4 * row);
        }
        Gpr base = BASES.get(row / ROWS_PER_BASE);
        int within = row % ROWS_PER_BASE;
        return within == 0 ? Mem.at(base, 4 * step) : Mem.at(base, LEFT_STRIDE, within, 4 * step);
    }

    private void body(Assembler code, Gpr argument) {
        code.mov(ROWS, Mem.at(argument, ROWS_FIELD));
        if (isLayer()) {
            // The next panel follows this one.
            Gpr nextPanel = nextPanel(argument);
            code.mov(nextPanel, Mem.at(argument, STEPS_FIELD));
            code.imul(nextPanel, nextPanel, VECTORS * Avx512VectorCode.BYTES);
            code.add(nextPanel, Mem.at(argument, PANEL_FIELD));
        }
        code.mov(OUT, Mem.at(argument, OUT_FIELD));
        code.mov(OUT_STRIDE, Mem.at(argument, OUT_STRIDE_FIELD));
        code.mov(LEFT_STRIDE, Mem.at(argument, LEFT_STRIDE_FIELD));
        code.mov(STEPS, Mem.at(argument, STEPS_FIELD));
        code.mov(BIAS, Mem.at(argument, BIAS_FIELD));
        code.mov(RESIDUAL, Mem.at(argument, RESIDUAL_FIELD));
        for (int vector = 0; vector < VECTORS; vector++) {
            code.emit(KMOVW, COLUMNS[vector], Mem.at(argument, MASK_FIELD + 4 * vector));
        }
        Avx512TileEnds tileEnds = new Avx512TileEnds(code, argument, arithmetic, ends);
        Label done = new Label("done");
        if (isLayer()) {
            Label few = new Label("few rows");
            code.cmp(ROWS, FEW_ROWS + 1);
            code.jump(Condition.LESS, few);
            tiles(code, argument, tileEnds, false);
            code.jump(done);
            code.bind(few);
            tiles(code, argument, tileEnds, true);
        } else {
            tiles(code, argument, tileEnds, false);
        }
        code.jump(done);
        tileEnds.emit(HEIGHTS);
        code.bind(done);
    }

    private void tiles(Assembler code, Gpr argument, Avx512TileEnds tileEnds, boolean few) {
        for (int height : HEIGHTS) {
            Label lower = new Label("lower tile");
            Label again = code.label("again");
            code.cmp(ROWS, height);
            code.jump(Condition.LESS, lower);
            if (height == MAX_ROWS && !few) {
                code.cmp(ROWS, TWICE_EIGHT);
                code.jump(Condition.EQUAL, lower);
            }
            tile(code, argument, height, few ? Math.max(2, height / 2) : 1);
            code.call(tileEnds.of(height));
            code.sub(ROWS, height);
            if (height == MAX_ROWS || height == TWICE_EIGHT / 2) {
                code.jump(again);
            }
            code.bind(lower);
        }
    }

    /** Emits the sums of one tile and advances the left operand past its rows. */
    private void tile(Assembler code, Gpr argument, int height, int fetchedLines) {
        code.mov(PANEL_AT, Mem.at(argument, PANEL_FIELD));
        List<Gpr> bases = left == Left.STEPS
                ? BASES.subList(0, 1)
                : BASES.subList(0, (height + ROWS_PER_BASE - 1) / ROWS_PER_BASE);
        code.mov(bases.getFirst(), Mem.at(argument, LEFT_FIELD));
        for (int i = 1; i < bases.size(); i++) {
            code.lea(bases.get(i), Mem.at(bases.get(i - 1), LEFT_STRIDE, 2, 0));
            code.add(bases.get(i), LEFT_STRIDE);
        }
        for (int row = 0; row < height; row++) {
            for (int vector = 0; vector < VECTORS; vector++) {
                code.emit(VPXORD, sum(row, vector), sum(row, vector), sum(row, vector));
            }
        }
        if (isLayer()) {
            fetchOut(code, height);
        }
        Label unrolledDone = new Label("unrolled done");
        Label done = new Label("done");
        code.mov(COUNT, STEPS);
        code.shr(COUNT, Integer.numberOfTrailingZeros(UNROLLED_STEPS));
        code.jump(Condition.EQUAL, unrolledDone);
        code.align(64);
        steps(code, argument, bases, height, UNROLLED_STEPS, fetchedLines);
        code.bind(unrolledDone);
        code.mov(COUNT, STEPS);
        code.and(COUNT, UNROLLED_STEPS - 1);
        code.jump(Condition.EQUAL, done);
        steps(code, argument, bases, height, 1, 0);
        code.bind(done);
        if (left == Left.STEPS) {
            code.mov(COUNT, 4L * height);
        } else {
            code.imul(COUNT, LEFT_STRIDE, height);
        }
        code.add(COUNT, Mem.at(argument, LEFT_FIELD));
        code.mov(Mem.at(argument, LEFT_FIELD), COUNT);
    }

    /**
     * Prefetches the lines that the tile will be written to: they are usually in memory, and at the stores
     * the processor would wait for one after another. With results in bf16, every other line belongs to the
     * next panel.
     */
    private void fetchOut(Assembler code, int height) {
        code.mov(COUNT, OUT);
        for (int row = 0; row < height; row++) {
            for (int offset = 0; offset < VECTORS * Avx512VectorCode.BYTES; offset += CACHE_LINE) {
                code.prefetcht1(Mem.at(COUNT, offset));
            }
            code.add(COUNT, OUT_STRIDE);
        }
    }

    /**
     * Emits a loop of {@code unrolled} steps, repeated COUNT times, which also prefetches some lines of the
     * next panel each time.
     */
    private void steps(Assembler code, Gpr argument, List<Gpr> bases, int height, int unrolled,
            int fetchedLines) {
        Label again = code.label("again");
        for (int step = 0; step < unrolled; step++) {
            for (int vector = 0; vector < VECTORS; vector++) {
                code.emit(VMOVUPS, panelVector(vector),
                        Mem.at(PANEL_AT, (step * VECTORS + vector) * Avx512VectorCode.BYTES));
            }
            for (int row = 0; row < height; row++) {
                code.emit(VBROADCASTSS, broadcast(row), left(row, step));
                for (int vector = 0; vector < VECTORS; vector++) {
                    multiplyAdd(code, sum(row, vector), panelVector(vector), broadcast(row));
                }
            }
        }
        code.add(PANEL_AT, unrolled * VECTORS * Avx512VectorCode.BYTES);
        if (isLayer() && fetchedLines > 0) {
            for (int line = 0; line < fetchedLines; line++) {
                code.prefetcht1(Mem.at(nextPanel(argument), line * CACHE_LINE));
            }
            code.add(nextPanel(argument), fetchedLines * CACHE_LINE);
        }
        bases.forEach(base -> code.add(base, (left == Left.STEPS ? STEP_BYTES : 4) * unrolled));
        code.dec(COUNT);
        code.jump(Condition.NOT_EQUAL, again);
    }

    private void multiplyAdd(Assembler code, Vec sum, Vec panel, Vec left) {
        VectorOp multiplyAdd = switch (arithmetic) {
            case FP32 -> VFMADD231PS;
            case BF16 -> VDPBF16PS;
            case INT8 -> VPDPBUSD;
            case FP16 -> throw KernelSet.notOffered(arithmetic);
        };
        // The first factor of vpdpbusd is the unsigned one.
        boolean leftFirst = multiplyAdd == VPDPBUSD;
        code.emit(multiplyAdd, sum, leftFirst ? left : panel, leftFirst ? panel : left);
    }
}
