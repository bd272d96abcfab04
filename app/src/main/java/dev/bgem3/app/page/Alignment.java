package dev.bgem3.app.page;

import dev.bgem3.ColbertVectors;
import java.util.ArrayList;
import java.util.List;

/**
 * The similarities of a query's tokens to a passage's tokens, by their ColBERT vectors. Only the first
 * {@value #MAX_ROWS} tokens of the query and the first {@value #MAX_COLUMNS} of the passage are drawn, but
 * the best matches are those in the whole passage.
 *
 * @param rows
 *            the number of the query's tokens that are drawn
 * @param columns
 *            the number of the passage's tokens that are drawn
 * @param similarities
 *            {@code [rows, columns]}, row-major: dot products of vectors of length 1
 * @param best
 *            the best match of each row
 */
public record Alignment(int rows, int columns, double[] similarities, List<Match> best) {
    static final int MAX_ROWS = 48;
    static final int MAX_COLUMNS = 160;

    /**
     * The passage's token that is most similar to a token of the query, or the first of several.
     *
     * @param column
     *            its index in the passage, which may be beyond the drawn columns
     * @param similarity
     *            the dot product of their vectors
     */
    public record Match(int column, double similarity) {}

    /** Aligns two texts that the same model encoded. */
    public static Alignment of(ColbertVectors query, ColbertVectors passage) {
        int rows = Math.min(MAX_ROWS, query.rows());
        int columns = Math.min(MAX_COLUMNS, passage.rows());
        double[] similarities = new double[rows * columns];
        List<Match> best = new ArrayList<>(rows);
        for (int row = 0; row < rows; row++) {
            Match found = new Match(0, Double.NEGATIVE_INFINITY);
            for (int column = 0; column < passage.rows(); column++) {
                double similarity = dot(query, row, passage, column);
                if (column < columns) {
                    similarities[row * columns + column] = similarity;
                }
                if (similarity > found.similarity()) {
                    found = new Match(column, similarity);
                }
            }
            best.add(found);
        }
        return new Alignment(rows, columns, similarities, best);
    }

    private static double dot(ColbertVectors query, int row, ColbertVectors passage, int column) {
        int q = row * query.dimension();
        int p = column * passage.dimension();
        double sum = 0;
        for (int d = 0; d < query.dimension(); d++) {
            sum += (double) query.values()[q + d] * passage.values()[p + d];
        }
        return sum;
    }
}
