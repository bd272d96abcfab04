package dev.bgem3.kernel.jit.x64;

import static dev.bgem3.asm.x64.VectorOp.VADDPS;
import static dev.bgem3.asm.x64.VectorOp.VCVTPS2DQ;
import static dev.bgem3.asm.x64.VectorOp.VDIVPS;
import static dev.bgem3.asm.x64.VectorOp.VMOVD;
import static dev.bgem3.asm.x64.VectorOp.VMOVUPS;
import static dev.bgem3.asm.x64.VectorOp.VMULPS;
import static dev.bgem3.asm.x64.VectorOp.VPADDD;
import static dev.bgem3.asm.x64.VectorOp.VPMAXSD;

import dev.bgem3.asm.Label;
import dev.bgem3.asm.x64.Abi;
import dev.bgem3.asm.x64.Assembler;
import dev.bgem3.asm.x64.Condition;
import dev.bgem3.asm.x64.Gpr;
import dev.bgem3.asm.x64.Mem;
import dev.bgem3.asm.x64.Vec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Converts rows of fp32 to the left operand of a product in int8, for either vector width. The scale of a row
 * is its largest magnitude over 127; the integers are stored as unsigned numbers, increased by 128. The last
 * vector of a row is padded with zeros, stored as 128. A NaN or an infinity makes the row's scale NaN, and so
 * every result of the row.
 */
final class OperandKernel {
    // The argument block.
    private static final int FROM_FIELD = 0;
    private static final int FROM_STRIDE_FIELD = 8;
    private static final int TO_FIELD = 16;
    private static final int TO_STRIDE_FIELD = 24;
    private static final int ROWS_FIELD = 32;
    private static final int FULL_FIELD = 40; // vectors of a row before the last
    private static final int SCALES_FIELD = 48; // int8: fp32, one per row
    private static final int MASK_FIELD = 56; // lanes of the last vector

    private static final Gpr FROM = Gpr.R8;
    private static final Gpr TO = Gpr.R9;
    private static final Gpr ROWS = Gpr.R10;
    private static final Gpr FULL = Gpr.R11;
    private static final Gpr AT = Gpr.RBX;
    private static final Gpr TO_AT = Gpr.RBP;
    private static final Gpr COUNT = Gpr.RAX;
    private static final Gpr SCALES = Gpr.RDX;

    /** The operand from which a vector of the row is read. */
    static final Mem SOURCE = Mem.at(AT);
    /** The operand to which a vector of the row is written. */
    static final Mem DESTINATION = Mem.at(TO_AT);

    private final Vectors vectors;
    private final Assembler code;
    private final VectorCode math;
    private final Gpr block;
    /** The current vector. */
    private final Vec x;
    private final Vec largest;
    private final Vec factor;
    private final Vec magnitude;
    private final Vec one;
    private final Vec scratch;

    /** Emits the code that reads the argument block. */
    OperandKernel(Vectors vectors, VectorCode math, Gpr block) {
        this.vectors = vectors;
        code = math.code;
        this.math = math;
        this.block = block;
        x = vectors.register(0);
        largest = vectors.register(1);
        factor = vectors.register(2);
        magnitude = vectors.register(3);
        one = vectors.register(4);
        scratch = vectors.register(5);
        code.mov(FROM, Mem.at(block, FROM_FIELD));
        code.mov(TO, Mem.at(block, TO_FIELD));
        code.mov(ROWS, Mem.at(block, ROWS_FIELD));
        code.mov(FULL, Mem.at(block, FULL_FIELD));
        code.mov(SCALES, Mem.at(block, SCALES_FIELD));
        math.loadLastMask(Mem.at(block, MASK_FIELD));
    }

    /** Returns the size of an argument block. */
    static int blockBytes(Vectors vectors) {
        return MASK_FIELD + vectors.maskBytes();
    }

    /** Sets all fields; {@code scales} is 0 except for int8. */
    static void fill(Vectors vectors, MemorySegment block, long from, long fromStrideBytes, long to,
            long toStrideBytes, int rows, int columns, long scales) {
        int full = (columns - 1) / vectors.lanes;
        block.set(ValueLayout.JAVA_LONG, FROM_FIELD, from);
        block.set(ValueLayout.JAVA_LONG, FROM_STRIDE_FIELD, fromStrideBytes);
        block.set(ValueLayout.JAVA_LONG, TO_FIELD, to);
        block.set(ValueLayout.JAVA_LONG, TO_STRIDE_FIELD, toStrideBytes);
        block.set(ValueLayout.JAVA_LONG, ROWS_FIELD, rows);
        block.set(ValueLayout.JAVA_LONG, FULL_FIELD, full);
        block.set(ValueLayout.JAVA_LONG, SCALES_FIELD, scales);
        vectors.fillMask(block, MASK_FIELD, columns - full * vectors.lanes);
    }

    /** Converts rows of fp32 to int8 and stores their scales. */
    static byte[] toInt8(Vectors vectors, Abi abi) {
        return abi.function(code -> {
            VectorCode math = vectors.code(code);
            OperandKernel kernel = new OperandKernel(vectors, math, abi.argument());
            kernel.toInt8(vectors.bytes, () -> code.emit(VMOVUPS, kernel.x, SOURCE),
                    () -> math.loadLast(kernel.x, SOURCE));
        });
    }

    /**
     * Converts all rows to int8.
     *
     * @param fromBytes
     *            the size of a vector's numbers in the source
     * @param load
     *            reads the vector at {@link #SOURCE} as fp32 into register 0
     * @param loadLast
     *            does so with a row's last vector
     */
    void toInt8(int fromBytes, Runnable load, Runnable loadLast) {
        math.load(magnitude, VectorCode.MAGNITUDE);
        math.load(one, VectorCode.ONE);
        eachRow(() -> {
            // The bits of magnitudes, compared as integers, have the order of the numbers, with NaN the
            // largest, so NaN is not lost.
            math.zero(largest);
            eachVector(fromBytes, () -> {
                load.run();
                largest();
            });
            loadLast.run();
            largest();
            math.largestLaneOfIntegers(largest, x);
            math.overInt8Range(largest);
            // An infinite scale could become 0 in a ReLU; NaN cannot.
            math.zeroUnlessFinite(x, largest);
            code.emit(VADDPS, largest, largest, x);
            code.emit(VMOVD, Mem.at(SCALES), largest.as(16));
            code.emit(VDIVPS, factor, one, largest);
            code.mov(TO_AT, TO);
            eachVector(fromBytes, () -> {
                load.run();
                round();
            });
            loadLast.run();
            round();
            code.add(SCALES, Float.BYTES);
        });
    }

    private void largest() {
        math.and(x, x, magnitude);
        code.emit(VPMAXSD, largest, largest, x);
    }

    private void round() {
        code.emit(VMULPS, x, x, factor);
        code.emit(VCVTPS2DQ, x, x);
        code.emit(VPADDD, x, x, math.constant(VectorCode.INT8_ZERO));
        math.storeBytes(DESTINATION, x, scratch);
        code.add(TO_AT, vectors.lanes);
    }

    /**
     * Copies or converts all rows.
     *
     * @param fromBytes
     *            what a vector's numbers take in the source
     * @param toBytes
     *            their size in the destination
     * @param copy
     *            copies a vector from {@link #SOURCE} to {@link #DESTINATION}
     * @param copyLast
     *            does so with a row's last vector
     */
    void copy(int fromBytes, int toBytes, Runnable copy, Runnable copyLast) {
        eachRow(() -> {
            code.mov(TO_AT, TO);
            eachVector(fromBytes, () -> {
                copy.run();
                code.add(TO_AT, toBytes);
            });
            copyLast.run();
        });
    }

    private void eachVector(int fromBytes, Runnable body) {
        Loops.overVectors(code, FROM, AT, FULL, COUNT, fromBytes, body);
    }

    private void eachRow(Runnable body) {
        Label nextRow = code.label("next row");
        body.run();
        code.add(FROM, Mem.at(block, FROM_STRIDE_FIELD));
        code.add(TO, Mem.at(block, TO_STRIDE_FIELD));
        code.dec(ROWS);
        code.jump(Condition.NOT_EQUAL, nextRow);
    }
}
