package dev.bgem3.kernel.jit.x64;

import static dev.bgem3.asm.x64.VectorOp.VADDPS;
import static dev.bgem3.asm.x64.VectorOp.VCVTDQ2PS;
import static dev.bgem3.asm.x64.VectorOp.VCVTNEPS2BF16;
import static dev.bgem3.asm.x64.VectorOp.VFMADD231PS;
import static dev.bgem3.asm.x64.VectorOp.VMAXPS;
import static dev.bgem3.asm.x64.VectorOp.VMOVDQU16;
import static dev.bgem3.asm.x64.VectorOp.VMOVUPS;
import static dev.bgem3.asm.x64.VectorOp.VMULPS;
import static dev.bgem3.asm.x64.VectorOp.VPSUBD;
import static dev.bgem3.asm.x64.VectorOp.VPXORD;

import dev.bgem3.asm.x64.Assembler;
import dev.bgem3.asm.x64.Condition;
import dev.bgem3.asm.x64.Gpr;
import dev.bgem3.asm.Label;
import dev.bgem3.asm.x64.Mask;
import dev.bgem3.asm.x64.Masked;
import dev.bgem3.asm.x64.Mem;
import dev.bgem3.asm.x64.Vec;
import dev.bgem3.kernel.Arithmetic;
import java.util.ArrayList;
import java.util.List;

/**
 * Emits the code that finishes the tiles of {@link Avx512TileKernel}: it turns sums in registers into results
 * in memory.
 *
 * <p>
 * Each end is emitted once, for the largest number of rows, from the last row to the first; a lower tile
 * enters it further down. Emitting it for every height would be most of a kernel's code, and assembling code
 * before the first answer costs some microseconds per instruction, while Java has not compiled the assembler.
 * The call and the choice of an end cost about ten cycles per tile.
 */
final class Avx512TileEnds {
    // These reuse registers for the rows of the left operand, the panel and the number of steps.
    private static final Gpr ROW_SCALES = Avx512TileKernel.BASES.get(0);
    private static final Gpr COLUMN_SCALES = Avx512TileKernel.BASES.get(1);
    private static final Gpr OFFSETS = Avx512TileKernel.BASES.get(2);
    private static final Gpr RESIDUAL_ROW = Avx512TileKernel.BASES.get(3);
    private static final Gpr CHOICE = Avx512TileKernel.PANEL_AT;
    private static final Gpr OUT_ROW = Avx512TileKernel.COUNT;
    private static final Vec OTHER = Vec.zmm(26);
    private static final Mask SCRATCH_MASK = new Mask(3);

    private final Assembler code;
    private final Avx512VectorCode math;
    private final Gpr argument;
    private final Arithmetic arithmetic;
    private final List<Avx512TileEnd> ends;
    /** The entry for each tile height, at index height − 1. */
    private final List<Label> entries = labels("end");

    /**
     * Creates the labels; {@link #emit} writes the code.
     *
     * @param argument
     *            the register that points to the argument block
     */
    Avx512TileEnds(Assembler code, Gpr argument, Arithmetic arithmetic, List<Avx512TileEnd> ends) {
        this.code = code;
        this.argument = argument;
        this.arithmetic = arithmetic;
        this.ends = ends;
        math = new Avx512VectorCode(code);
    }

    private static List<Label> labels(String name) {
        List<Label> labels = new ArrayList<>();
        for (int rows = 1; rows <= Avx512TileKernel.MAX_ROWS; rows++) {
            labels.add(new Label(name + " of " + rows));
        }
        return labels;
    }

    /**
     * Returns the label to call after computing the sums of {@code height} rows; the code advances out,
     * residual and row scales past these rows.
     */
    Label of(int height) {
        return entries.get(height - 1);
    }

    /** Emits the code for tiles of these heights, the highest first. */
    void emit(int... heights) {
        List<List<Label>> lastRows = new ArrayList<>();
        for (int i = 0; i < ends.size(); i++) {
            lastRows.add(labels("rows"));
        }
        for (int height : heights) {
            code.bind(of(height));
            enter(height);
            code.mov(CHOICE, Mem.at(argument, Avx512TileKernel.END_FIELD));
            for (int i = 1; i < ends.size(); i++) {
                code.cmp(CHOICE, i);
                code.jump(Condition.EQUAL, lastRows.get(i).get(height - 1));
            }
            code.jump(lastRows.getFirst().get(height - 1));
        }
        for (int i = 0; i < ends.size(); i++) {
            emitRows(ends.get(i), lastRows.get(i));
            code.ret();
        }
    }

    private boolean isScaled() {
        return arithmetic.isScaled()
                || ends.stream().anyMatch(end -> end.finish() == TileFinish.SCALE_ADD);
    }

    private void enter(int height) {
        if (isScaled()) {
            code.mov(ROW_SCALES, Mem.at(argument, Avx512TileKernel.ROW_SCALES_FIELD));
            code.lea(OUT_ROW, Mem.at(ROW_SCALES, Float.BYTES * height));
            code.mov(Mem.at(argument, Avx512TileKernel.ROW_SCALES_FIELD), OUT_ROW);
        }
        if (arithmetic.isScaled()) {
            code.mov(COLUMN_SCALES, Mem.at(argument, Avx512TileKernel.COLUMN_SCALES_FIELD));
            code.mov(OFFSETS, Mem.at(argument, Avx512TileKernel.OFFSETS_FIELD));
        }
        code.imul(OUT_ROW, Avx512TileKernel.OUT_STRIDE, height);
        code.add(Avx512TileKernel.OUT, OUT_ROW);
        code.add(Avx512TileKernel.RESIDUAL, OUT_ROW);
        code.mov(OUT_ROW, Avx512TileKernel.OUT);
        code.mov(RESIDUAL_ROW, Avx512TileKernel.RESIDUAL);
    }

    private void emitRows(Avx512TileEnd end, List<Label> labels) {
        for (int row = Avx512TileKernel.MAX_ROWS - 1; row >= 0; row--) {
            code.bind(labels.get(row));
            code.sub(OUT_ROW, Avx512TileKernel.OUT_STRIDE);
            if (end.finish() == TileFinish.BIAS_RESIDUAL) {
                code.sub(RESIDUAL_ROW, Avx512TileKernel.OUT_STRIDE);
            }
            for (int vector = 0; vector < Avx512TileKernel.VECTORS; vector++) {
                Vec sum = Avx512TileKernel.sum(row, vector);
                int offset = vector * Avx512VectorCode.BYTES;
                if (arithmetic.isScaled()) {
                    toNumbers(sum, row, offset);
                }
                finish(end, sum, row, vector);
                Masked out = Mem.at(OUT_ROW, vector * end.outBytes())
                        .masked(Avx512TileKernel.columns(vector));
                if (end.bf16Out()) {
                    Vec half = Vec.ymm(sum.number());
                    code.emit(VCVTNEPS2BF16, half, sum);
                    code.emit(VMOVDQU16, out, half);
                } else {
                    code.emit(VMOVUPS, out, sum);
                }
            }
        }
    }

    /**
     * Converts sums to fp32: the left operand was 128 too large, so subtracts 128 times the column's sum of
     * weights, then multiplies by the scales.
     */
    private void toNumbers(Vec sum, int row, int offset) {
        code.emit(VPSUBD, sum, sum, Mem.at(OFFSETS, offset));
        code.emit(VCVTDQ2PS, sum, sum);
        code.emit(VMULPS, sum, sum, Mem.at(COLUMN_SCALES, offset));
        code.emit(VMULPS, sum, sum, Mem.at(ROW_SCALES, Float.BYTES * row).broadcasting());
    }

    private void finish(Avx512TileEnd end, Vec sum, int row, int vector) {
        if (end.isLayer()) {
            code.emit(VADDPS, sum, sum, Mem.at(Avx512TileKernel.BIAS, vector * Avx512VectorCode.BYTES));
        }
        switch (end.finish()) {
            case NONE, BIAS -> {
                // The sums need no further operation.
            }
            case SCALE_ADD -> {
                load(OUT_ROW, vector);
                code.emit(VFMADD231PS, sum, OTHER, Mem.at(ROW_SCALES, Float.BYTES * row).broadcasting());
            }
            case BIAS_RELU -> {
                code.emit(VPXORD, OTHER, OTHER, OTHER);
                code.emit(VMAXPS, sum, OTHER, sum); // NaN in either: the second operand
            }
            case BIAS_GELU -> {
                if (arithmetic.isNoFinerThan(Arithmetic.BF16)) {
                    math.shortGelu(sum, Vec.zmm(24), Vec.zmm(25), Vec.zmm(26));
                } else {
                    math.gelu(sum, Vec.zmm(24), Vec.zmm(25), Vec.zmm(26), Vec.zmm(27), SCRATCH_MASK);
                }
            }
            case BIAS_RESIDUAL -> {
                load(RESIDUAL_ROW, vector);
                code.emit(VADDPS, sum, sum, OTHER);
            }
        }
    }

    /** Loads the tile's columns of a row; the mask prevents reads beyond them. */
    private void load(Gpr row, int vector) {
        code.emit(VMOVUPS, OTHER.zeroed(Avx512TileKernel.columns(vector)),
                Mem.at(row, vector * Avx512VectorCode.BYTES));
    }
}
