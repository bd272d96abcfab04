package dev.bgem3.kernel;

import static dev.bgem3.testsupport.Floats.assertClose;
import static dev.bgem3.testsupport.Floats.random;
import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.testsupport.TestSizes;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Compares attention with the reference, see {@link AgainstScalar}. */
@ParameterizedClass
@MethodSource("providers")
class AttentionDifferentialTest extends AgainstScalar {
    AttentionDifferentialTest(KernelProvider provider, Arithmetic arithmetic) {
        super(provider, arithmetic);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 64", "2, 64", "3, 16", "5, 40", "15, 64", "16, 64", "17, 33", "31, 64", "32, 65",
            "33, 128", "63, 64", "64, 64", "65, 64", "127, 48", "128, 64", "129, 64", "191, 7", "257, 64",
            "300, 520", "383, 64", "384, 33", "385, 64", "767, 16", "768, 64", "801, 33"})
    void attentionAgrees(int length, int headSize) {
        checkAttention(new int[]{0, length}, 2, headSize, 1);
    }

    @Test
    void attentionAgreesOverManySequencesAndEmptyOnes() {
        checkAttention(new int[]{0, 0, 1, 3, 3, 67, 195, 196, 356, 356}, 3, 64, 1);
    }

    /** A query has the same bits alone and in a block, for texts that begin anywhere in a panel. */
    @ParameterizedTest
    @CsvSource({"1, 1", "3, 64", "2, 33", "4, 128", "1, 520"})
    void firstTokenAttentionHasTheBitsOfAttention(int headCount, int headSize) {
        int[] cumulativeLengths = {0, 1, 3, 67, 195, 196, 356, 1_156};
        int t = 1_156;
        int c = headCount * headSize;
        float[] qkv = random(new Random(headSize), t * 3 * c, 1);
        // The reference is slow, and the same for every provider.
        for (Kernels with : TestSizes.pick(headSize == 1, true)
                ? new Kernels[]{kernels, reference}
                : new Kernels[]{kernels}) {
            float[] whole = run(with, t, c, (one, workspace, out) -> one.attention(out,
                    tensor(one, workspace, t, 3 * c, qkv), cumulativeLengths, headCount));
            float[] first = run(with, 7, c, (one, workspace, out) -> one.firstTokenAttention(out,
                    tensor(one, workspace, t, 3 * c, qkv), cumulativeLengths, headCount));
            for (int s = 0; s < 7; s++) {
                assertThat(Arrays.copyOfRange(first, s * c, (s + 1) * c)).as("sequence %d", s)
                        .isEqualTo(Arrays.copyOfRange(whole, cumulativeLengths[s] * c,
                                (cumulativeLengths[s] + 1) * c));
            }
        }
    }

    /** With scores of ±400 and more, all probabilities but one vanish, and none may overflow. */
    @Test
    void attentionAgreesOnExtremeScores() {
        checkAttention(new int[]{0, 150, 170, 970}, 2, 64, 20);
    }

    private void checkAttention(int[] cumulativeLengths, int headCount, int headSize, double scale) {
        int t = cumulativeLengths[cumulativeLengths.length - 1];
        int c = headCount * headSize;
        Random random = new Random(t * 131L + headSize);
        float[] qkv = random(random, t * 3 * c, 1);
        double largestScore = 0;
        for (int row = 0; row < t; row++) {
            for (int i = 0; i < 2 * c; i++) {
                qkv[row * 3 * c + i] *= (float) Math.sqrt(scale);
            }
        }
        double norm = 0;
        double largestValue = 0;
        for (int row = 0; row < t; row++) {
            double[] squares = new double[2 * headCount];
            for (int i = 0; i < 2 * c; i++) {
                squares[i / headSize] += Math.pow(qkv[row * 3 * c + i], 2);
            }
            norm = Math.max(norm, Math.sqrt(Arrays.stream(squares).max().orElseThrow()));
            for (int i = 2 * c; i < 3 * c; i++) {
                largestValue = Math.max(largestValue, Math.abs(qkv[row * 3 * c + i]));
            }
        }
        largestScore = norm * norm / Math.sqrt(headSize);
        // The error of a score is at most (D + 3)·u·|q|·|k|/√D, and the relative error of an exponential that
        // plus 4u; so the quotient of two is off by a factor of exp of twice as much. Weighting T values, and
        // summing their weights, each add (T + 3)·u. If products may be in bf16, queries, keys, weights and
        // values each have a relative error of 2⁻⁸ as well, and exponentials one of 8e-5.
        double rounding = arithmetic == Arithmetic.FP32 ? 0 : 0x1p-8;
        double score = ((headSize + 4) * U + 2.01 * rounding) * largestScore + 4 * U
                + (arithmetic == Arithmetic.FP32 ? 0 : 8e-5);
        double relative = Math.expm1(2 * score) + 2 * (t + 3) * U + 2.01 * rounding;
        Operation attention = (with, workspace, out) -> with.attention(out,
                tensor(with, workspace, t, 3 * c, qkv), cumulativeLengths, headCount);
        assertClose("attention of " + Arrays.toString(cumulativeLengths), run(kernels, t, c, attention),
                run(reference, t, c, attention), constant(t * c, relative * largestValue));
    }

    /** All scores of the first block of keys are −∞; the keys after it must still count. */
    @Test
    void attentionContinuesAfterABlockOfMinusInfinityScores() {
        int t = 800;
        int c = 64;
        float[] qkv = random(new Random(5), t * 3 * c, 1);
        for (int row = 0; row < t; row++) {
            Arrays.fill(qkv, row * 3 * c, row * 3 * c + c, 0);
            // Every query is the first unit vector, so the score of every early key is −∞.
            qkv[row * 3 * c] = 1;
            qkv[row * 3 * c + c] = row < 520 ? Float.NEGATIVE_INFINITY : 1;
        }
        Operation attention = (with, workspace, out) -> with.attention(out,
                tensor(with, workspace, t, 3 * c, qkv),
                new int[]{0, t}, 1);
        assertSameKind("attention", run(kernels, t, c, attention), run(reference, t, c, attention));
    }
}
