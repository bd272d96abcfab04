package dev.bgem3.head;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LateInteractionTest {
    /** Uses row counts and dimensions around the sizes of a vector, a block, a step and a group. */
    @ParameterizedTest
    @CsvSource({"1, 1, 1", "3, 15, 7", "2, 16, 8", "5, 17, 9", "4, 63, 63", "3, 64, 64", "7, 65, 65",
            "9, 130, 200", "20, 300, 1024"})
    void matchesTheDefinitionWithinTheDocumentedBound(int queryRows, int passageRows, int dimension) {
        long seed = Long.getLong("bgem3.seed", new Random().nextLong());
        System.out.println("LateInteractionTest: -Dbgem3.seed=" + seed);
        Random random = new Random(seed);
        float[] query = unitRows(queryRows, dimension, random);
        float[] passage = unitRows(passageRows, dimension, random);
        float[] best = LateInteraction.best(query, passage, dimension);
        double bound = (64 + dimension / 64.0 + 1) * 0x1p-24 * (1 + 1e-4);
        assertThat(best).hasSize(queryRows);
        for (int i = 0; i < queryRows; i++) {
            double expected = Double.NEGATIVE_INFINITY;
            for (int j = 0; j < passageRows; j++) {
                expected = Math.max(expected, Dot.product(query, i * dimension, passage,
                        j * dimension, dimension));
            }
            assertThat(Math.abs(best[i] - expected)).as("-Dbgem3.seed=%d, row %d", seed, i)
                    .isLessThanOrEqualTo(bound);
            // Other rows do not change the bits.
            float alone = Float.NEGATIVE_INFINITY;
            for (int j = 0; j < passageRows; j++) {
                alone = Math.max(alone,
                        LateInteraction.best(row(query, i, dimension), row(passage, j, dimension),
                                dimension)[0]);
            }
            assertThat(alone).as("-Dbgem3.seed=%d, row %d", seed, i).isEqualTo(best[i]);
        }
    }

    private static float[] row(float[] rows, int i, int dimension) {
        return Arrays.copyOfRange(rows, i * dimension, (i + 1) * dimension);
    }

    private static float[] unitRows(int rows, int dimension, Random random) {
        float[] values = new float[rows * dimension];
        for (int i = 0; i < rows; i++) {
            float[] row = new float[dimension];
            for (int d = 0; d < dimension; d++) {
                row[d] = (float) random.nextGaussian();
            }
            double length = Math.sqrt(Dot.product(row, 0, row, 0, dimension));
            for (int d = 0; d < dimension; d++) {
                values[i * dimension + d] = (float) (row[d] / length);
            }
        }
        return values;
    }
}
