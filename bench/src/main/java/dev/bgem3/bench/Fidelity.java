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
 * How near outputs are to those of fp32.
 *
 * @param dense
 *            each text's cosine of the dense vectors, ascending
 * @param colbert
 *            each ColBERT row's cosine, ascending
 * @param changes
 *            each lexical weight's change, of the text's largest weight on either side, ascending; a token
 *            that has a weight on one side alone has 0 on the other
 * @param sameTop
 *            the part of the texts whose five tokens of largest weight are the same ones
 * @param sameTopInOrder
 *            the part whose five are the same in the same order
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
                part(texts, i -> Arrays.equals(sorted(top(actual.get(i))), sorted(top(expected.get(i))))),
                part(texts, i -> Arrays.equals(top(actual.get(i)), top(expected.get(i)))));
    }

    /** The number that one in a hundred are below. */
    static double firstPercentile(double[] ascending) {
        return ascending[ascending.length / 100];
    }

    static double median(double[] ascending) {
        return (ascending[(ascending.length - 1) / 2] + ascending[ascending.length / 2]) / 2;
    }

    /** The number that one in a hundred are above. */
    static double lastPercentile(double[] ascending) {
        return ascending[ascending.length - 1 - ascending.length / 100];
    }

    private static double part(int count, IntPredicate predicate) {
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

    /** The ids of the largest weights, falling; of equal ones the smaller id first. */
    private static int[] top(Outputs outputs) {
        LexicalWeights weights = outputs.lexical();
        return IntStream.range(0, weights.size()).boxed()
                .sorted(Comparator.comparingDouble(i -> -weights.weights()[i])).limit(TOP)
                .mapToInt(i -> weights.tokenIds()[i]).toArray();
    }
}
