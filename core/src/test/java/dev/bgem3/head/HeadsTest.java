package dev.bgem3.head;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests the heads on hidden states so small that the results can be computed by hand: 5 tokens of 2 texts,
 * C = 2.
 */
@ParameterizedClass
@ValueSource(strings = {"scalar", "vector"})
class HeadsTest {
    private static final int[] CUMULATIVE_LENGTHS = {0, 3, 5};
    private static final float[] HIDDEN = {3, 4, 0, 2, -1, 0, 0, 0, 6, -8};

    private final Kernels kernels;
    private Workspace workspace;
    private Tensor hidden;

    HeadsTest(String provider) {
        kernels = KernelProviders.named(provider, Arithmetic.FP32).open(Arithmetic.FP32, 2, 0);
    }

    @BeforeEach
    void write() {
        workspace = kernels.newWorkspace();
        hidden = workspace.tensor(5, 2);
        kernels.write(hidden, HIDDEN);
    }

    @AfterEach
    void close() {
        workspace.close();
        kernels.close();
    }

    private float[][] dense(DenseHead.Pooling pooling, int dimension, boolean normalize) {
        return new DenseHead(kernels, List.of()).vectors(workspace, hidden, CUMULATIVE_LENGTHS, pooling,
                dimension,
                normalize);
    }

    @Test
    void poolsTheFirstTokenAndKeepsAVectorOfZeros() {
        assertThat(dense(DenseHead.Pooling.CLS, 2, true)).isDeepEqualTo(new float[][]{{0.6f, 0.8f}, {0, 0}});
        assertThat(dense(DenseHead.Pooling.CLS, 2, false)).isDeepEqualTo(new float[][]{{3, 4}, {0, 0}});
    }

    @Test
    void poolsTheLastToken() {
        assertThat(dense(DenseHead.Pooling.LAST_TOKEN, 2, true))
                .isDeepEqualTo(new float[][]{{-1, 0}, {0.6f, -0.8f}});
    }

    @Test
    void poolsTheMean() {
        assertThat(dense(DenseHead.Pooling.MEAN, 2, false))
                .isDeepEqualTo(new float[][]{{2 / 3f, 2}, {3, -4}});
    }

    @Test
    void truncatesBeforeItNormalises() {
        assertThat(dense(DenseHead.Pooling.CLS, 1, true)).isDeepEqualTo(new float[][]{{1}, {0}});
        assertThat(dense(DenseHead.Pooling.CLS, 1, false)).isDeepEqualTo(new float[][]{{3}, {0}});
    }

    @Test
    void givesEachTokenItsWeightAboveZero() {
        SparseHead head = new SparseHead(kernels, MatrixSource.of(1, 2, new float[]{1, -2}),
                new float[]{0.5f});
        assertThat(head.tokenWeights(workspace, hidden)).containsExactly(0, 0, 0, 0.5f, 22.5f);
    }

    @Test
    void projectsAllTokensExceptTheFirstOfEachText() {
        ColbertHead head = new ColbertHead(kernels, MatrixSource.of(3, 2, new float[]{1, 0, 0, 1, 0, 0}),
                new float[]{0, 0, 0});
        assertThat(head.dimension()).isEqualTo(3);
        assertThat(head.vectors(workspace, hidden, CUMULATIVE_LENGTHS))
                .isDeepEqualTo(new float[][]{{0, 1, 0, -1, 0, 0}, {0.6f, -0.8f, 0}});
    }
}
