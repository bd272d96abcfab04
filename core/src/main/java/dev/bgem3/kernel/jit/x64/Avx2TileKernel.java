package dev.bgem3.kernel.jit.x64;

import static dev.bgem3.asm.x64.VectorOp.VADDPS;
import static dev.bgem3.asm.x64.VectorOp.VBROADCASTSS;
import static dev.bgem3.asm.x64.VectorOp.VCVTDQ2PS;
import static dev.bgem3.asm.x64.VectorOp.VFMADD231PS;
import static dev.bgem3.asm.x64.VectorOp.VMAXPS;
import static dev.bgem3.asm.x64.VectorOp.VMOVUPS;
import static dev.bgem3.asm.x64.VectorOp.VMULPS;
import static dev.bgem3.asm.x64.VectorOp.VPDPBUSD_VEX;
import static dev.bgem3.asm.x64.VectorOp.VPSUBD;

import dev.bgem3.asm.x64.Abi;
import dev.bgem3.asm.x64.Assembler;
import dev.bgem3.asm.x64.Condition;
import dev.bgem3.asm.x64.Gpr;
import dev.bgem3.asm.Label;
import dev.bgem3.asm.x64.Mem;
import dev.bgem3.asm.x64.Vec;
import dev.bgem3.asm.x64.VectorOp;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.jit.KernelSet;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * The counterpart of {@link Avx512TileKernel} in AVX2, whose 16 registers hold a tile of up to 6 rows by 16
 * columns:
 *
 * <pre>
 * for each group of {@code rows} rows
 *     sums = start
 *     for each step of K           1 number of fp32, 4 of int8: the contents of a 32-bit word
 *         load 2 vectors of the panel
 *         for each row: sums(row, ·) += left(row, step) broadcast to the lanes · panel(step, ·)
 *     finish the sums and store them
 * </pre>
 *
 * <p>
 * Each sum is the same chain of multiply-adds as in AVX-512, so products have the same bits. Sums start from
 * memory, so K can be split into slices, whose part of the panel stays in the level 1 cache, without changing
 * the chain. There are no masks: a tile is always whole, and callers use a separate tile for the last
 * columns. On one Zen 5 core a call reaches 98 % of the rate of multiply-adds between registers, in fp32 and
 * int8; whole layers in fp32 are not at every size faster than those of the Vector API, so
 * {@link InstructionSet#isFastest} is false. The operands of int8 are the same as in AVX-512; the sums of
 * {@link TileFinish#NONE} stay integers.
 *
 * @param rows
 *            1 to {@link #MAX_ROWS}
 * @param finish
 *            the operation applied to the sums
 * @param arithmetic
 *            fp32 or int8 ({@code vpdpbusd} of AVX-VNNI, which does not saturate)
 */
record Avx2TileKernel(int rows, TileFinish finish, Arithmetic arithmetic) {
    /** The number of columns of a tile: two vectors. */
    static final int PANEL = 2 * Avx2VectorCode.LANES;
    /**
     * The largest number of rows: 12 sums, 2 vectors of the panel and 2 broadcast numbers take all 16
     * registers.
     */
    static final int MAX_ROWS = 6;

    private static final int UNROLLED_STEPS = 4;
    private static final int ROWS_PER_BASE = 3;
    private static final int VECTORS = 2;
    private static final int LINE_BYTES = 64;

    // The argument block: 64-bit fields. The code leaves those of rows after the last row.
    private static final int OUT_FIELD = 0;
    private static final int OUT_STRIDE_FIELD = 8;
    private static final int LEFT_FIELD = 16;
    private static final int LEFT_STRIDE_FIELD = 24;
    private static final int START_FIELD = 32;
    private static final int START_STRIDE_FIELD = 40;
    private static final int PANEL_FIELD = 48;
    private static final int STEPS_FIELD = 56;
    private static final int BIAS_FIELD = 64;
    private static final int RESIDUAL_FIELD = 72;
    private static final int ROW_SCALES_FIELD = 80; // int8: fp32, one per row
    private static final int COLUMN_SCALES_FIELD = 88; // int8: fp32, the panel's columns
    private static final int OFFSETS_FIELD = 96; // int8: 32-bit integers, the panel's columns
    private static final int GROUPS_FIELD = 104;
    private static final int AHEAD_FIELD = 112; // internal: the next address to prefetch after the panel
    private static final int LINES_AHEAD_FIELD = 120; // lines that a group prefetches, at least 1
    static final int BLOCK_BYTES = 128;

    private static final Gpr OUT = Gpr.R8;
    private static final Gpr OUT_STRIDE = Gpr.R9;
    private static final Gpr PANEL_AT = Gpr.R10;
    private static final Gpr COUNT = Gpr.R11;
    private static final Gpr LEFT = Gpr.R15;
    private static final Gpr LEFT_STRIDE = Gpr.RBP;
    private static final Gpr START = Gpr.RAX;
    private static final Gpr BIAS = Gpr.RDX;
    private static final Gpr RESIDUAL = Gpr.RBX;
    private static final Gpr GROUPS = Gpr.R13;
    private static final Gpr ROW_SCALES = Gpr.R14;
    /** Every third row of the left operand. */
    private static final List<Gpr> BASES = List.of(Gpr.RSI, Gpr.R12);
    // For the finish, which no longer needs the bases of rows.
    private static final Gpr COLUMN_SCALES = Gpr.RSI;
    private static final Gpr OFFSETS = Gpr.R12;

    // The registers without sums: panel and broadcast numbers in the loop, scratch in the finish.
    private static final Vec SCRATCH0 = Vec.ymm(12);
    private static final Vec SCRATCH1 = Vec.ymm(13);
    private static final Vec SCRATCH2 = Vec.ymm(14);
    private static final Vec SCRATCH3 = Vec.ymm(15);

    /** Sets the strides of rows and the number of their steps. */
    static void fill(MemorySegment block, long outStrideBytes, long leftStrideBytes, long steps) {
        block.set(ValueLayout.JAVA_LONG, OUT_STRIDE_FIELD, outStrideBytes);
        block.set(ValueLayout.JAVA_LONG, LEFT_STRIDE_FIELD, leftStrideBytes);
        block.set(ValueLayout.JAVA_LONG, STEPS_FIELD, steps);
    }

    /** Sets the panel and the bias of its columns (0 for none). */
    static void fillPanel(MemorySegment block, long panelAddress, long biasAddress) {
        block.set(ValueLayout.JAVA_LONG, PANEL_FIELD, panelAddress);
        block.set(ValueLayout.JAVA_LONG, BIAS_FIELD, biasAddress);
    }

    /** Sets the initial values of the sums, which may be {@code out}. */
    static void fillStart(MemorySegment block, long startAddress, long startStrideBytes) {
        block.set(ValueLayout.JAVA_LONG, START_FIELD, startAddress);
        block.set(ValueLayout.JAVA_LONG, START_STRIDE_FIELD, startStrideBytes);
    }

    /** Sets the rows; addresses that the kernel does not need may be 0. */
    static void fillRows(MemorySegment block, long outAddress, long leftAddress, long residualAddress,
            long rowScalesAddress) {
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

    /** Sets the number of groups of {@code rows} rows, at least 1; call {@link #fill} first. */
    static void fillGroups(MemorySegment block, int groups) {
        block.set(ValueLayout.JAVA_LONG, GROUPS_FIELD, groups);
        // A step reads a line of the panel: all groups together prefetch as much as they read.
        block.set(ValueLayout.JAVA_LONG, LINES_AHEAD_FIELD,
                block.get(ValueLayout.JAVA_LONG, STEPS_FIELD) / groups + 1);
    }

    byte[] assemble(Abi abi) {
        return abi.function(code -> body(code, abi.argument()));
    }

    private static Vec sum(int row, int vector) {
        return Vec.ymm(row * VECTORS + vector);
    }

    private static Vec panelVector(int vector) {
        return vector == 0 ? SCRATCH0 : SCRATCH1;
    }

    private static Vec broadcast(int row) {
        return row % 2 == 0 ? SCRATCH2 : SCRATCH3;
    }

    private Mem left(int row, int step) {
        Gpr base = BASES.get(row / ROWS_PER_BASE);
        int within = row % ROWS_PER_BASE;
        return within == 0 ? Mem.at(base, 4 * step) : Mem.at(base, LEFT_STRIDE, within, 4 * step);
    }

    private void body(Assembler code, Gpr argument) {
        code.mov(OUT, Mem.at(argument, OUT_FIELD));
        code.mov(OUT_STRIDE, Mem.at(argument, OUT_STRIDE_FIELD));
        code.mov(LEFT, Mem.at(argument, LEFT_FIELD));
        code.mov(LEFT_STRIDE, Mem.at(argument, LEFT_STRIDE_FIELD));
        code.mov(START, Mem.at(argument, START_FIELD));
        code.mov(BIAS, Mem.at(argument, BIAS_FIELD));
        code.mov(RESIDUAL, Mem.at(argument, RESIDUAL_FIELD));
        code.mov(ROW_SCALES, Mem.at(argument, ROW_SCALES_FIELD));
        code.mov(GROUPS, Mem.at(argument, GROUPS_FIELD));
        if (rows == MAX_ROWS) {
            code.mov(COUNT, Mem.at(argument, STEPS_FIELD));
            code.shl(COUNT, Integer.numberOfTrailingZeros(VECTORS * Avx2VectorCode.BYTES));
            code.add(COUNT, Mem.at(argument, PANEL_FIELD));
            code.mov(Mem.at(argument, AHEAD_FIELD), COUNT);
        }
        Avx2VectorCode math = new Avx2VectorCode(code);
        Label nextGroup = code.label("next group");
        List<Gpr> bases = BASES.subList(0, (rows + ROWS_PER_BASE - 1) / ROWS_PER_BASE);
        code.mov(bases.getFirst(), LEFT);
        for (int i = 1; i < bases.size(); i++) {
            code.lea(bases.get(i), Mem.at(bases.get(i - 1), LEFT_STRIDE, 2, 0));
            code.add(bases.get(i), LEFT_STRIDE);
        }
        for (int row = 0; row < rows; row++) {
            for (int vector = 0; vector < VECTORS; vector++) {
                code.emit(VMOVUPS, sum(row, vector), Mem.at(START, vector * Avx2VectorCode.BYTES));
            }
            code.add(START, Mem.at(argument, START_STRIDE_FIELD));
        }
        if (rows == MAX_ROWS) {
            fetchAhead(code, argument);
        }
        multiply(code, bases, argument);
        finish(code, math, argument);
        code.imul(COUNT, LEFT_STRIDE, rows);
        code.add(LEFT, COUNT);
        code.dec(GROUPS);
        code.jump(Condition.NOT_EQUAL, nextGroup);
        code.mov(Mem.at(argument, OUT_FIELD), OUT);
        code.mov(Mem.at(argument, LEFT_FIELD), LEFT);
        code.mov(Mem.at(argument, START_FIELD), START);
        code.mov(Mem.at(argument, RESIDUAL_FIELD), RESIDUAL);
        code.mov(Mem.at(argument, ROW_SCALES_FIELD), ROW_SCALES);
    }

    /**
     * Prefetches a part of the memory after the panel: the next slice of K or the next panel, for which the
     * next group would otherwise wait. On Zen 5 with 1,024 rows of 1,024, this saves 10 % of the product's
     * time.
     */
    private static void fetchAhead(Assembler code, Gpr argument) {
        code.mov(PANEL_AT, Mem.at(argument, AHEAD_FIELD));
        code.mov(COUNT, Mem.at(argument, LINES_AHEAD_FIELD));
        Label nextLine = code.label("next line");
        code.prefetcht1(Mem.at(PANEL_AT));
        code.add(PANEL_AT, LINE_BYTES);
        code.dec(COUNT);
        code.jump(Condition.NOT_EQUAL, nextLine);
        code.mov(Mem.at(argument, AHEAD_FIELD), PANEL_AT);
    }

    /** Emits all steps, most of them unrolled. */
    private void multiply(Assembler code, List<Gpr> bases, Gpr argument) {
        Label unrolledDone = new Label("unrolled done");
        Label done = new Label("done");
        code.mov(PANEL_AT, Mem.at(argument, PANEL_FIELD));
        code.mov(COUNT, Mem.at(argument, STEPS_FIELD));
        code.shr(COUNT, Integer.numberOfTrailingZeros(UNROLLED_STEPS));
        code.jump(Condition.EQUAL, unrolledDone);
        code.align(64);
        steps(code, bases, UNROLLED_STEPS);
        code.bind(unrolledDone);
        code.mov(COUNT, Mem.at(argument, STEPS_FIELD));
        code.and(COUNT, UNROLLED_STEPS - 1);
        code.jump(Condition.EQUAL, done);
        steps(code, bases, 1);
        code.bind(done);
    }

    /** Emits a loop of {@code unrolled} steps, repeated COUNT times. */
    private void steps(Assembler code, List<Gpr> bases, int unrolled) {
        Label again = code.label("again");
        for (int step = 0; step < unrolled; step++) {
            for (int vector = 0; vector < VECTORS; vector++) {
                code.emit(VMOVUPS, panelVector(vector),
                        Mem.at(PANEL_AT, (step * VECTORS + vector) * Avx2VectorCode.BYTES));
            }
            for (int row = 0; row < rows; row++) {
                code.emit(VBROADCASTSS, broadcast(row), left(row, step));
                for (int vector = 0; vector < VECTORS; vector++) {
                    multiplyAdd(code, sum(row, vector), panelVector(vector), broadcast(row));
                }
            }
        }
        code.add(PANEL_AT, unrolled * VECTORS * Avx2VectorCode.BYTES);
        bases.forEach(base -> code.add(base, 4 * unrolled));
        code.dec(COUNT);
        code.jump(Condition.NOT_EQUAL, again);
    }

    private void multiplyAdd(Assembler code, Vec sum, Vec panel, Vec left) {
        VectorOp multiplyAdd = switch (arithmetic) {
            case FP32 -> VFMADD231PS;
            case INT8 -> VPDPBUSD_VEX;
            case FP16, BF16 -> throw KernelSet.notOffered(arithmetic);
        };
        // The first factor of vpdpbusd is the unsigned one.
        boolean leftFirst = multiplyAdd == VPDPBUSD_VEX;
        code.emit(multiplyAdd, sum, leftFirst ? left : panel, leftFirst ? panel : left);
    }

    private void finish(Assembler code, Avx2VectorCode math, Gpr argument) {
        boolean scaled = arithmetic.isScaled() && finish != TileFinish.NONE;
        if (scaled) {
            code.mov(COLUMN_SCALES, Mem.at(argument, COLUMN_SCALES_FIELD));
            code.mov(OFFSETS, Mem.at(argument, OFFSETS_FIELD));
        }
        for (int row = 0; row < rows; row++) {
            if (scaled) {
                code.emit(VBROADCASTSS, SCRATCH0, Mem.at(ROW_SCALES));
                code.add(ROW_SCALES, Float.BYTES);
                for (int vector = 0; vector < VECTORS; vector++) {
                    scale(code, sum(row, vector), vector * Avx2VectorCode.BYTES);
                }
            }
            for (int vector = 0; vector < VECTORS; vector++) {
                Vec sum = sum(row, vector);
                int offset = vector * Avx2VectorCode.BYTES;
                if (finish != TileFinish.NONE) {
                    code.emit(VADDPS, sum, sum, Mem.at(BIAS, offset));
                }
                switch (finish) {
                    case NONE, BIAS -> {
                        // The sums need no further operation.
                    }
                    case BIAS_RELU -> {
                        math.zero(SCRATCH0);
                        code.emit(VMAXPS, sum, SCRATCH0, sum); // NaN in either: the second operand
                    }
                    case BIAS_GELU -> math.gelu(sum, SCRATCH0, SCRATCH1, SCRATCH2, SCRATCH3, SCRATCH0);
                    case BIAS_RESIDUAL -> code.emit(VADDPS, sum, sum, Mem.at(RESIDUAL, offset));
                    case SCALE_ADD -> throw new IllegalArgumentException(
                            "finish: " + finish + " (expected: one that AVX2 kernels have)");
                }
                code.emit(VMOVUPS, Mem.at(OUT, offset), sum);
            }
            code.add(OUT, OUT_STRIDE);
            if (finish == TileFinish.BIAS_RESIDUAL) {
                code.add(RESIDUAL, OUT_STRIDE);
            }
        }
    }

    /** Converts int8 sums to fp32; the row's scale is in every lane of SCRATCH0. */
    private static void scale(Assembler code, Vec sum, int offset) {
        code.emit(VPSUBD, sum, sum, Mem.at(OFFSETS, offset));
        code.emit(VCVTDQ2PS, sum, sum);
        code.emit(VMULPS, sum, sum, Mem.at(COLUMN_SCALES, offset));
        code.emit(VMULPS, sum, sum, SCRATCH0);
    }
}
