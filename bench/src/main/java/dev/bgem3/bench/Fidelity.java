package dev.bgem3.bench;

import dev.bgem3.ColbertVectors;
import dev.bgem3.LexicalWeights;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * How close outputs are to those of fp32.
 *
 * @param dense
 *            the cosine of each text's dense vectors, ascending
 * @param colbert
 *            the cosine of each ColBERT row, ascending
 * @param changes
 *            the change of each lexical weight, relative to the text's largest weight on either side,
 *            ascending; a missing weight counts as 0
 * @param sameTop
 *            the fraction of the texts whose five tokens with the largest weights are the same
 * @param sameTopInOrder
 *            the fraction in which these five are also in the same order
 */
record Fidelity(double[] dense, double[] colbert, double[] changes, double sameTop, double sameTopInOrder) {
    private static final int TOP = 5;

    static Fidelity of(List<Outputs> actual, List<Outputs> expected) {
        int texts = expected.size();
        return new Fidelity(
                sorted(IntStream.range(0, texts).mapToDouble(
                        i -> cosine(actual.get(i).dense().values(), expected.get(i).dense().values(), 0,
                                expected.get(i).dense().dimension()))),
                sorted(IntStream.range(0, texts).boxed()
                        .flatMapToDouble(i -> rows(actual.get(i).colbert(), expected.get(i).colbert()))),
                sorted(IntStream.range(0, texts).boxed()
                        .flatMapToDouble(i -> changes(actual.get(i).lexical(), expected.get(i).lexical()))),
                fraction(texts, i -> Arrays.equals(sorted(top(actual.get(i))), sorted(top(expected.get(i))))),
                fraction(texts, i -> Arrays.equals(top(actual.get(i)), top(expected.get(i)))));
    }

    /** Returns the first percentile. */
    static double firstPercentile(double[] ascending) {
        return ascending[ascending.length / 100];
    }

    static double median(double[] ascending) {
        return (ascending[(ascending.length - 1) / 2] + ascending[ascending.length / 2]) / 2;
    }

    /** Returns the 99th percentile. */
    static double lastPercentile(double[] ascending) {
        return ascending[ascending.length - 1 - ascending.length / 100];
    }

    private static double fraction(int count, IntPredicate predicate) {
        return (double) IntStream.range(0, count).filter(predicate).count() / count;
    }

    private static double[] sorted(DoubleStream numbers) {
        return numbers.sorted().toArray();
    }

    private static int[] sorted(int[] numbers) {
        return IntStream.of(numbers).sorted().toArray();
    }

    private static double cosine(float[] a, float[] b, int from, int to) {
        double product = 0;
        double squaresOfA = 0;
        double squaresOfB = 0;
        for (int i = from; i < to; i++) {
            product += (double) a[i] * b[i];
            squaresOfA += (double) a[i] * a[i];
            squaresOfB += (double) b[i] * b[i];
        }
        return product / Math.sqrt(squaresOfA * squaresOfB);
    }

    private static DoubleStream rows(ColbertVectors actual, ColbertVectors expected) {
        return IntStream.range(0, expected.rows())
                .mapToDouble(row -> cosine(actual.values(), expected.values(), row * expected.dimension(),
                        (row + 1) * expected.dimension()));
    }

    private static DoubleStream changes(LexicalWeights actual, LexicalWeights expected) {
        double unit = Math.max(largest(actual), largest(expected));
        return IntStream.concat(IntStream.of(actual.tokenIds()), IntStream.of(expected.tokenIds())).distinct()
                .mapToDouble(id -> Math.abs((double) actual.weight(id) - expected.weight(id)) / unit);
    }

    private static double largest(LexicalWeights weights) {
        double largest = 0;
        for (float weight : weights.weights()) {
            largest = Math.max(largest, weight);
        }
        return largest;
    }

    /**
     * Returns the ids of the largest weights in descending order; of equal weights, the smaller id comes
     * first.
     */
    private static int[] top(Outputs outputs) {
        LexicalWeights weights = outputs.lexical();
        return IntStream.range(0, weights.size()).boxed()
                .sorted(Comparator.comparingDouble(i -> -weights.weights()[i])).limit(TOP)
                .mapToInt(i -> weights.tokenIds()[i]).toArray();
    }
}
