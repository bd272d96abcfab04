package dev.bgem3.kernel.vector;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The width of this machine's vectors and the constants derived from it; a separate class, so that nothing is
 * initialised too early.
 */
final class Lanes {
    static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

    /** The number of fp32 lanes in a vector: 4 (NEON), 8 (AVX2), 16 (AVX-512), more with SVE. */
    static final int COUNT = SPECIES.length();

    /** The number of columns of a result that the inner loop computes at a time: two vectors. */
    static final int PANEL = 2 * COUNT;

    static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private Lanes() {}

    /** Returns the smallest multiple of {@code step} that is at least {@code value}. */
    static int roundUp(int value, int step) {
        return (value + step - 1) / step * step;
    }

    /** Returns an off-heap copy, which is freed when it becomes unreachable. */
    static MemorySegment copyOf(float[] values) {
        return Arena.ofAuto().allocateFrom(ValueLayout.JAVA_FLOAT, values);
    }
}
