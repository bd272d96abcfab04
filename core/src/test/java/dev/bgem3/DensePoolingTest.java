package dev.bgem3;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import dev.bgem3.model.ModelFolder;
import dev.bgem3.model.TokenBatch;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Compares poolings, truncation and normalisation with their definitions, computed here from the encoder's
 * hidden states.
 */
class DensePoolingTest {
    private static final List<String> TEXTS = List.of("What is BGE M3?", "",
            "a longer text that stands between",
            "word");
    /**
     * A dense vector is the definition's value for fp32 hidden states, computed in double and rounded once or
     * twice.
     */
    private static final double RELATIVE_BOUND = 0x1p-22;

    @ParameterizedTest
    @EnumSource(Pooling.class)
    void matchesTheDefinition(Pooling pooling) {
        for (String kernels : List.of("scalar", "vector")) {
            try (BgeM3 model = BgeM3.load(Fixtures.TINY,
                    LoadOptions.builder().kernels(KernelKind.of(kernels)).build())) {
                List<int[]> ids = TEXTS.stream().map(text -> model.tokenizer().encode(text).ids()).toList();
                List<float[]> hidden = hiddenStates(kernels, ids);
                for (boolean normalize : new boolean[]{true, false}) {
                    for (int dimension : new int[]{1, 7, 64, 128}) {
                        EncodeOptions options = EncodeOptions.builder().pooling(pooling).normalize(normalize)
                                .truncateDim(dimension).build();
                        List<Embedding> found = model.encode(TEXTS, options);
                        for (int i = 0; i < TEXTS.size(); i++) {
                            check(pooling + ", " + dimension + ", " + normalize,
                                    found.get(i).dense().values(),
                                    defined(hidden.get(i), 128, pooling, normalize, dimension));
                        }
                    }
                }
            }
        }
    }

    /** Returns [T, C] for each text. */
    private static List<float[]> hiddenStates(String provider, List<int[]> ids) {
        List<float[]> hidden = new ArrayList<>();
        try (ModelFolder folder = ModelFolder.open(Fixtures.TINY);
                Kernels kernels = KernelProviders.named(provider, Arithmetic.FP32).open(Arithmetic.FP32, 1,
                        0);
                Workspace workspace = kernels.newWorkspace()) {
            var encoder = folder.loadEncoder(kernels);
            for (int[] text : ids) {
                workspace.reset();
                Tensor x = encoder.forward(workspace, TokenBatch.of(List.of(text)));
                float[] values = new float[x.rows() * x.columns()];
                kernels.read(values, 0, x, 0, x.rows());
                hidden.add(values);
            }
        }
        return hidden;
    }

    private static double[] defined(float[] hidden, int c, Pooling pooling, boolean normalize,
            int dimension) {
        int tokens = hidden.length / c;
        double[] vector = new double[dimension];
        double squares = 0;
        for (int i = 0; i < dimension; i++) {
            double sum = 0;
            for (int t = 0; t < tokens; t++) {
                sum += hidden[t * c + i];
            }
            vector[i] = switch (pooling) {
                case CLS -> hidden[i];
                case MEAN -> sum / tokens;
                case LAST_TOKEN -> hidden[(tokens - 1) * c + i];
            };
            squares += vector[i] * vector[i];
        }
        double length = normalize ? Math.max(Math.sqrt(squares), 1e-12) : 1;
        for (int i = 0; i < dimension; i++) {
            vector[i] /= length;
        }
        return vector;
    }

    private static void check(String what, float[] found, double[] expected) {
        assertThat(found).as(what).hasSize(expected.length);
        for (int i = 0; i < found.length; i++) {
            assertThat(Math.abs(found[i] - expected[i]))
                    .as("%s [%d]: %s (expected: %s)", what, i, found[i], expected[i])
                    .isLessThanOrEqualTo(RELATIVE_BOUND * (Math.abs(expected[i]) + 1e-3));
        }
    }
}
