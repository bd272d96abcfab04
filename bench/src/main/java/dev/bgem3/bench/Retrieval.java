package dev.bgem3.bench;

import dev.bgem3.ColbertVectors;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The fraction of queries whose passage is among the ten best; another passage with the same score counts as
 * better.
 *
 * @param dense
 *            recall at 10 by the dense score, from 0 to 1
 * @param sparse
 *            recall by the lexical matching score
 * @param colbert
 *            recall by the ColBERT score
 */
record Retrieval(double dense, double sparse, double colbert) {
    private static final int BEST = 10;
    /** The numbers of query and passage rows whose products are computed at a time, 16 MiB of products. */
    private static final int QUERY_ROWS = 4_096;
    private static final int PASSAGE_ROWS = 1_024;

    /** Scores how well a passage answers a query. */
    @FunctionalInterface
    private interface Score {
        float of(Outputs query, Outputs passage);
    }

    /**
     * Scores all queries against all passages.
     *
     * @param relevant
     *            for each query, the index of its passage
     */
    static Retrieval of(List<Outputs> queries, List<Outputs> passages, int[] relevant) {
        return new Retrieval(
                recall(scores(queries, passages, (query, passage) -> query.dense().dot(passage.dense())),
                        relevant),
                recall(scores(queries, passages, (query, passage) -> query.lexical().dot(passage.lexical())),
                        relevant),
                recall(colbertScores(queries.stream().map(Outputs::colbert).toList(),
                        passages.stream().map(Outputs::colbert).toList()), relevant));
    }

    private static double recall(float[][] scores, int[] relevant) {
        return IntStream.range(0, scores.length).filter(query -> {
            int asGood = 0;
            for (float score : scores[query]) {
                asGood += score >= scores[query][relevant[query]] ? 1 : 0;
            }
            return asGood <= BEST;
        }).count() / (double) scores.length;
    }

    private static float[][] scores(List<Outputs> queries, List<Outputs> passages, Score score) {
        float[][] scores = new float[queries.size()][passages.size()];
        IntStream.range(0, queries.size()).parallel().forEach(q -> {
            for (int p = 0; p < scores[q].length; p++) {
                scores[q][p] = score.of(queries.get(q), passages.get(p));
            }
        });
        return scores;
    }

    /**
     * Computes {@link ColbertVectors#score} for all pairs of a query and a passage. The dot products are one
     * matrix product with the queries' rows as weights: the fp32 kernels need seconds for what would take
     * minutes pair by pair.
     */
    static float[][] colbertScores(List<ColbertVectors> queries, List<ColbertVectors> passages) {
        float[][] scores = new float[queries.size()][passages.size()];
        KernelProvider provider = KernelProviders.best(Arithmetic.FP32,
                KernelProviders.all().stream().filter(one -> one.device().equals("cpu")).toList());
        for (Range some : ranges(queries, QUERY_ROWS)) {
            try (Kernels kernels = provider.open(Arithmetic.FP32, Runtime.getRuntime().availableProcessors(),
                    0); Workspace workspace = kernels.newWorkspace()) {
                Stack rows = Stack.of(queries.subList(some.from, some.to));
                Kernels.Linear layer = kernels.linear(
                        MatrixSource.of(rows.rows(), rows.columns, rows.values), new float[rows.rows()]);
                for (Range others : ranges(passages, PASSAGE_ROWS)) {
                    workspace.reset();
                    Stack inputs = Stack.of(passages.subList(others.from, others.to));
                    Tensor in = Operands.tensor(kernels, workspace, inputs.columns(), inputs.values);
                    Tensor out = workspace.tensor(inputs.rows(), rows.rows());
                    kernels.linear(out, in, layer);
                    addScores(scores, some.from, rows.ends, others.from, inputs.ends,
                            Operands.read(kernels, out));
                }
            }
        }
        return scores;
    }

    /** Combines the products [passages' rows, queries' rows] to scores. */
    private static void addScores(float[][] scores, int firstQuery, int[] queryEnds, int firstPassage,
            int[] passageEnds, float[] products) {
        int width = queryEnds[queryEnds.length - 1];
        IntStream.range(0, passageEnds.length - 1).parallel().forEach(p -> {
            float[] best = new float[width];
            Arrays.fill(best, Float.NEGATIVE_INFINITY);
            for (int row = passageEnds[p]; row < passageEnds[p + 1]; row++) {
                int start = row * width;
                for (int i = 0; i < width; i++) {
                    best[i] = Math.max(best[i], products[start + i]);
                }
            }
            for (int q = 0; q + 1 < queryEnds.length; q++) {
                double sum = 0;
                for (int i = queryEnds[q]; i < queryEnds[q + 1]; i++) {
                    sum += best[i];
                }
                scores[firstQuery + q][firstPassage + p] = (float) (sum / (queryEnds[q + 1] - queryEnds[q]));
            }
        });
    }

    /** The texts {@code from .. to - 1}. */
    private record Range(int from, int to) {}

    /** Divides the texts, in order, into ranges of about {@code most} rows. */
    private static List<Range> ranges(List<ColbertVectors> texts, int most) {
        List<Range> ranges = new ArrayList<>();
        int from = 0;
        int rows = 0;
        for (int i = 0; i < texts.size(); i++) {
            rows += texts.get(i).rows();
            if (rows >= most || i == texts.size() - 1) {
                ranges.add(new Range(from, i + 1));
                from = i + 1;
                rows = 0;
            }
        }
        return ranges;
    }

    /** The stacked rows of texts; text i has the rows {@code ends[i] .. ends[i + 1] - 1}. */
    private record Stack(float[] values, int[] ends, int columns) {
        static Stack of(List<ColbertVectors> texts) {
            int columns = texts.getFirst().dimension();
            int[] ends = new int[texts.size() + 1];
            for (int i = 0; i < texts.size(); i++) {
                ends[i + 1] = ends[i] + texts.get(i).rows();
            }
            float[] values = new float[ends[texts.size()] * columns];
            for (int i = 0; i < texts.size(); i++) {
                System.arraycopy(texts.get(i).values(), 0, values, ends[i] * columns,
                        texts.get(i).rows() * columns);
            }
            return new Stack(values, ends, columns);
        }

        int rows() {
            return ends[ends.length - 1];
        }
    }
}
