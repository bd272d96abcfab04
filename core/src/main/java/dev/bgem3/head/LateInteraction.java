package dev.bgem3.head;

import java.util.Arrays;

/**
 * Computes the largest dot product of each query row with the rows of a passage, in plain loops that the JIT
 * compiler vectorises: a block of passage rows is transposed, so that each lane sums the product of one row.
 *
 * <p>
 * Each dot product is summed in fp32, independently of the others and always in the same order, in groups of
 * {@value #GROUP} terms. For rows of norm 1 and dimension d, its error is at most about
 * {@code (GROUP + d/GROUP + 1) · 2⁻²⁴} (Higham, Accuracy and Stability of Numerical Algorithms, section 4.2),
 * 5·10⁻⁶ for BGE-M3. If one product is NaN, so is the largest.
 */
public final class LateInteraction {
    /** The rows in a block; a short passage is one block of all its rows, rounded up to whole vectors. */
    private static final int MAX_LANES = 64;
    private static final int VECTOR = 16;
    /** The number of terms in a partial sum. */
    private static final int GROUP = 64;
    /** The number of terms added to the lanes' sums at a time, so that the sums are loaded less often. */
    private static final int STEP = 8;

    private final int dimension;
    private final int lanes;
    private final float[][] block; // [dimension][lanes]
    private final float[] groupSums;
    private final float[] sums;

    private LateInteraction(int dimension, int passageRows) {
        this.dimension = dimension;
        lanes = Math.min(MAX_LANES, Math.ceilDiv(passageRows, VECTOR) * VECTOR);
        block = new float[dimension][lanes];
        groupSums = new float[lanes];
        sums = new float[lanes];
    }

    /**
     * Returns, for each row of {@code query}, the largest dot product with a row of {@code passage}.
     *
     * @param query
     *            [rows, dimension] row-major
     * @param passage
     *            the same with its own number of rows
     */
    public static float[] best(float[] query, float[] passage, int dimension) {
        return new LateInteraction(dimension, passage.length / dimension).bestOf(query, passage);
    }

    private float[] bestOf(float[] query, float[] passage) {
        float[] best = new float[query.length / dimension];
        Arrays.fill(best, Float.NEGATIVE_INFINITY);
        int passageRows = passage.length / dimension;
        for (int first = 0; first < passageRows; first += lanes) {
            int rows = Math.min(lanes, passageRows - first);
            transpose(passage, first, rows);
            for (int i = 0; i < best.length; i++) {
                multiply(query, i * dimension);
                for (int lane = 0; lane < rows; lane++) {
                    best[i] = Math.max(best[i], sums[lane]);
                }
            }
        }
        return best;
    }

    private void transpose(float[] passage, int first, int rows) {
        for (int lane = 0; lane < rows; lane++) {
            int row = (first + lane) * dimension;
            for (int d = 0; d < dimension; d++) {
                block[d][lane] = passage[row + d];
            }
        }
    }

    /** Sets each {@code sums[lane]} to the dot product of the query row at {@code row} and block row lane. */
    private void multiply(float[] query, int row) {
        Arrays.fill(sums, 0);
        for (int from = 0; from < dimension; from += GROUP) {
            int to = Math.min(dimension, from + GROUP);
            Arrays.fill(groupSums, 0);
            int d = from;
            for (; d + STEP <= to; d += STEP) {
                addProducts(groupSums, query, row + d, block, d);
            }
            for (; d < to; d++) {
                addProduct(groupSums, query[row + d], block[d]);
            }
            for (int lane = 0; lane < sums.length; lane++) {
                sums[lane] += groupSums[lane];
            }
        }
    }

    private static void addProduct(float[] sums, float factor, float[] lanes) {
        for (int lane = 0; lane < sums.length; lane++) {
            sums[lane] += factor * lanes[lane];
        }
    }

    /** Does the work of {@link #addProduct} for {@link #STEP} terms. */
    private static void addProducts(float[] sums, float[] query, int at, float[][] block, int d) {
        float q0 = query[at];
        float q1 = query[at + 1];
        float q2 = query[at + 2];
        float q3 = query[at + 3];
        float q4 = query[at + 4];
        float q5 = query[at + 5];
        float q6 = query[at + 6];
        float q7 = query[at + 7];
        float[] b0 = block[d];
        float[] b1 = block[d + 1];
        float[] b2 = block[d + 2];
        float[] b3 = block[d + 3];
        float[] b4 = block[d + 4];
        float[] b5 = block[d + 5];
        float[] b6 = block[d + 6];
        float[] b7 = block[d + 7];
        for (int lane = 0; lane < sums.length; lane++) {
            float sum = sums[lane] + q0 * b0[lane] + q1 * b1[lane] + q2 * b2[lane] + q3 * b3[lane];
            sums[lane] = sum + q4 * b4[lane] + q5 * b5[lane] + q6 * b6[lane] + q7 * b7[lane];
        }
    }
}
