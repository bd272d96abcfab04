package dev.bgem3.kernels.cuda;

import dev.bgem3.kernel.Arithmetic;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The two 16-bit types and their conversion to and from fp32, rounding to nearest, ties to even. */
enum Elements {
    FP16(Arithmetic.FP16) {
        @Override
        void toFloats(short[] from, int length, float[] to, int offset) {
            for (int i = 0; i < length; i++) {
                to[offset + i] = Float.float16ToFloat(from[i]);
            }
        }

        @Override
        void toElements(float[] from, int length, short[] to) {
            for (int i = 0; i < length; i++) {
                to[i] = Float.floatToFloat16(from[i]);
            }
        }
    },
    BF16(Arithmetic.BF16) {
        @Override
        void toFloats(short[] from, int length, float[] to, int offset) {
            for (int i = 0; i < length; i++) {
                to[offset + i] = Float.intBitsToFloat(from[i] << 16);
            }
        }

        @Override
        void toElements(float[] from, int length, short[] to) {
            for (int i = 0; i < length; i++) {
                int bits = Float.floatToRawIntBits(from[i]);
                int rounded = bits + 0x7fff + (bits >>> 16 & 1) >>> 16;
                // The carry must not turn a NaN into an infinity.
                to[i] = (short) (Float.isNaN(from[i]) ? bits >>> 16 | 0x40 : rounded);
            }
        }
    };

    /** The size of an element of either type. */
    static final long BYTES = Short.BYTES;
    private static final int PIECE = 4096;
    /** The count up to which one thread converts the numbers sooner than others could be woken. */
    private static final int MAX_ALONE = 32 * PIECE;

    private final Arithmetic arithmetic;

    Elements(Arithmetic arithmetic) {
        this.arithmetic = arithmetic;
    }

    /** Returns the arithmetics that have an element type. */
    static Set<Arithmetic> arithmetics() {
        return Arrays.stream(values()).map(elements -> elements.arithmetic)
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(Arithmetic.class)));
    }

    /** Returns the element type of an arithmetic. */
    static Elements of(Arithmetic arithmetic) {
        return Arrays.stream(values()).filter(elements -> elements.arithmetic == arithmetic).findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "arithmetic: " + arithmetic + " (expected one of: " + arithmetics() + ")"));
    }

    /** Widens {@code from[0 .. length)} to {@code to[offset ..]}. */
    abstract void toFloats(short[] from, int length, float[] to, int offset);

    /** Rounds {@code from[0 .. length)} to {@code to}; numbers beyond the type's range become infinite. */
    abstract void toElements(float[] from, int length, short[] to);

    /**
     * Widens {@code count} numbers in the host's memory, starting at {@code offsetBytes}, with several
     * threads if there are many.
     */
    void read(float[] out, int offset, MemorySegment from, long offsetBytes, int count) {
        IntStream pieces = IntStream.range(0, Math.ceilDiv(count, PIECE));
        (count > MAX_ALONE ? pieces.parallel() : pieces).forEach(piece -> {
            int done = PIECE * piece;
            short[] elements = new short[Math.min(PIECE, count - done)];
            MemorySegment.copy(from, ValueLayout.JAVA_SHORT, offsetBytes + BYTES * done, elements, 0,
                    elements.length);
            toFloats(elements, elements.length, out, offset + done);
        });
    }
}
