package dev.bgem3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

/** Assertions about results. */
public final class Embeddings {
    /** All three outputs. */
    public static final EncodeOptions ALL = EncodeOptions.of(Output.DENSE, Output.SPARSE, Output.COLBERT);

    private Embeddings() {}

    /** Asserts that all outputs have the same bits, and that the token counts are equal. */
    public static void assertSameBits(String what, Embedding actual, Embedding expected) {
        for (Output output : Output.values()) {
            assertThat(actual.has(output)).as("%s: has %s", what, output).isEqualTo(expected.has(output));
        }
        assertThat(actual.tokenCount()).as("%s: tokens", what).isEqualTo(expected.tokenCount());
        assertThat(actual.fullTokenCount()).as("%s: all tokens", what).isEqualTo(expected.fullTokenCount());
        // These comparisons of float arrays compare bits; 0 and -0 differ.
        if (expected.has(Output.DENSE)) {
            assertThat(actual.dense().values()).as("%s: dense", what).isEqualTo(expected.dense().values());
        }
        if (expected.has(Output.SPARSE)) {
            assertThat(actual.lexicalWeights()).as("%s: sparse", what).isEqualTo(expected.lexicalWeights());
            assertThat(List.copyOf(actual.lexicalWeights().asMap().keySet())).as("%s: order", what)
                    .isEqualTo(List.copyOf(expected.lexicalWeights().asMap().keySet()));
        }
        if (expected.has(Output.COLBERT)) {
            assertThat(actual.colbert()).as("%s: colbert", what).isEqualTo(expected.colbert());
        }
    }

    /** Asserts the same for lists of the same length. */
    public static void assertSameBits(String what, List<Embedding> actual, List<Embedding> expected) {
        assertThat(actual).as(what).hasSameSizeAs(expected);
        for (int i = 0; i < actual.size(); i++) {
            assertSameBits(what + ", text " + i, actual.get(i), expected.get(i));
        }
    }

    /** Asserts that all numbers are finite and the number of ColBERT vectors is correct. */
    public static void assertSound(String what, Embedding embedding) {
        for (float value : embedding.dense().values()) {
            assertThat(value).as("%s: dense", what).isFinite();
        }
        for (float value : embedding.lexicalWeights().weights()) {
            assertThat(value).as("%s: sparse", what).isFinite().isPositive();
        }
        for (float value : embedding.colbert().values()) {
            assertThat(value).as("%s: colbert", what).isFinite();
        }
        assertThat(embedding.colbert().rows()).as("%s: rows", what).isEqualTo(embedding.tokenCount() - 1);
    }
}
