package dev.bgem3.app.page;

import dev.bgem3.ColbertVectors;
import java.util.ArrayList;
import java.util.List;

/**
 * How similar the tokens of a query are to those of a passage, by their ColBERT vectors. Long texts are drawn
 * in part: the first {@value #MAX_ROWS} tokens of the query, and of the passage the first {@value
 * #MAX_COLUMNS}; best matches are of the whole passage.
 *
 * @param rows
 *            the query's tokens
 * @param columns
 *            the passage's tokens that are drawn
 * @param similarities
 *            {@code [rows, columns]}, row-major: the dot product of two vectors of length 1
 * @param best
 *            of each row
 */
public record Alignment(int rows, int columns, double[] similarities, List<Match> best) {
    static final int MAX_ROWS = 48;
    static final int MAX_COLUMNS = 160;

    /**
     * The passage's token that is most similar to a token of the query, the first one of several.
     *
     * @param column
     *            its place in the passage, drawn or not
     * @param similarity
     *            their dot product
     */
    public record Match(int column, double similarity) {}

    /** Aligns two texts of the same model. */
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
