package dev.bgem3.kernel.scalar;

import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Shapes;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;

/**
 * The operations in plain loops, in the order of their formulas: the reference for the other providers.
 *
 * <p>
 * Tensors are {@code float[]} arrays; sums are in double precision, so each stored number is the exact value
 * of its formula, rounded once (except for the last bits of a double). A result depends only on its own row,
 * so batch invariance is evident.
 */
final class ScalarKernels implements Kernels {
    private static final double NORM_FLOOR = 1e-12;

    private record Matrix(float[] data, int rows, int columns) implements Tensor {}

    private record ScalarLinear(float[] weight, float[] bias, int outputSize,
            int inputSize) implements Linear {}

    private record ScalarNorm(float[] gamma, float[] beta, float epsilon) implements Norm {
        @Override
        public int size() {
            return gamma.length;
        }
    }

    private record ScalarTable(MatrixSource source) implements Table {
        @Override
        public int rows() {
            return source.rows();
        }
    }

    private static final class HeapWorkspace implements Workspace {
        @Override
        public Tensor tensor(int rows, int columns) {
            return new Matrix(new float[Math.multiplyExact(rows, columns)], rows, columns);
        }

        @Override
        public void reset() {
            // The garbage collector frees the arrays.
        }

        @Override
        public void close() {
            // The garbage collector frees the arrays.
        }
    }

    @Override
    public String description() {
        return "scalar, the reference, one thread";
    }

    @Override
    public int threads() {
        return 1;
    }

    @Override
    public Workspace newWorkspace() {
        return new HeapWorkspace();
    }

    @Override
    public Linear linear(MatrixSource weight, float[] bias) {
        int n = weight.rows();
        int k = weight.columns();
        Shapes.checkLength("linear", "bias", bias.length, n);
        float[] rows = new float[Math.multiplyExact(n, k)];
        for (int row = 0; row < n; row++) {
            weight.readRow(row, rows, row * k);
        }
        return new ScalarLinear(rows, bias.clone(), n, k);
    }

    @Override
    public Norm norm(float[] gamma, float[] beta, float epsilon) {
        Shapes.checkLength("norm", "beta", beta.length, gamma.length);
        return new ScalarNorm(gamma.clone(), beta.clone(), epsilon);
    }

    @Override
    public Table table(MatrixSource rows) {
        return new ScalarTable(rows);
    }

    @Override
    public void embed(Tensor out, int[] tokenIds, int[] positionIds, Table words, Table positions,
            float[] tokenType, Norm norm) {
        int c = norm.size();
        Shapes.check("embed", "out", out, tokenIds.length, c);
        Shapes.checkLength("embed", "positionIds", positionIds.length, tokenIds.length);
        Shapes.checkRows("embed", "tokenIds", tokenIds, words.rows());
        Shapes.checkRows("embed", "positionIds", positionIds, positions.rows());
        float[] word = new float[c];
        float[] position = new float[c];
        float[] x = data(out);
        for (int t = 0; t < tokenIds.length; t++) {
            ((ScalarTable) words).source.readRow(tokenIds[t], word, 0);
            ((ScalarTable) positions).source.readRow(positionIds[t], position, 0);
            for (int i = 0; i < c; i++) {
                x[t * c + i] = word[i] + tokenType[i] + position[i];
            }
            normalizeRow(x, t * c, (ScalarNorm) norm);
        }
    }

    @Override
    public void linear(Tensor out, Tensor in, Linear layer) {
        product("linear", out, in, layer);
    }

    @Override
    public void linearGelu(Tensor out, Tensor in, Linear layer) {
        product("linearGelu", out, in, layer);
        float[] x = data(out);
        for (int i = 0; i < x.length; i++) {
            double z = x[i];
            x[i] = (float) (0.5 * z * (1 + Erf.erf(z / Math.sqrt(2))));
        }
    }

    @Override
    public void linearRelu(Tensor out, Tensor in, Linear layer) {
        product("linearRelu", out, in, layer);
        float[] x = data(out);
        for (int i = 0; i < x.length; i++) {
            x[i] = Math.max(x[i], 0);
        }
    }

    @Override
    public void linearAddNorm(Tensor out, Tensor in, Linear layer, Tensor residual, Norm norm) {
        int n = layer.outputSize();
        Shapes.check("linearAddNorm", "residual", residual, in.rows(), n);
        Shapes.checkLength("linearAddNorm", "norm", norm.size(), n);
        float[] before = data(residual).clone(); // out may be the residual
        product("linearAddNorm", out, in, layer);
        float[] x = data(out);
        for (int m = 0; m < out.rows(); m++) {
            for (int i = 0; i < n; i++) {
                x[m * n + i] += before[m * n + i];
            }
            normalizeRow(x, m * n, (ScalarNorm) norm);
        }
    }

    @Override
    public void attention(Tensor out, Tensor queryKeyValue, int[] cumulativeLengths, int headCount) {
        int d = Shapes.checkAttention(out, queryKeyValue, cumulativeLengths, headCount);
        for (int s = 0; s + 1 < cumulativeLengths.length; s++) {
            for (int head = 0; head < headCount; head++) {
                for (int t = cumulativeLengths[s]; t < cumulativeLengths[s + 1]; t++) {
                    attendFrom(data(out), t, data(queryKeyValue), t, cumulativeLengths[s],
                            cumulativeLengths[s + 1], out.columns(), head * d, d);
                }
            }
        }
    }

    @Override
    public void firstTokenAttention(Tensor out, Tensor queryKeyValue, int[] cumulativeLengths,
            int headCount) {
        int d = Shapes.checkFirstTokenAttention(out, queryKeyValue, cumulativeLengths, headCount);
        for (int s = 0; s < out.rows(); s++) {
            for (int head = 0; head < headCount; head++) {
                attendFrom(data(out), s, data(queryKeyValue), cumulativeLengths[s], cumulativeLengths[s],
                        cumulativeLengths[s + 1], out.columns(), head * d, d);
            }
        }
    }

    /**
     * Computes row {@code outRow} of a head: the query of row {@code t} over the keys {@code from .. to − 1}.
     */
    private static void attendFrom(float[] out, int outRow, float[] qkv, int t, int from, int to, int c,
            int column, int d) {
        int query = t * 3 * c + column;
        double[] probability = new double[to - from];
        double maximum = Double.NEGATIVE_INFINITY;
        for (int j = from; j < to; j++) {
            int key = j * 3 * c + c + column;
            double score = 0;
            for (int i = 0; i < d; i++) {
                score += (double) qkv[query + i] * qkv[key + i];
            }
            probability[j - from] = score / Math.sqrt(d);
            maximum = Math.max(maximum, probability[j - from]);
        }
        double sum = 0;
        for (int j = 0; j < probability.length; j++) {
            probability[j] = Math.exp(probability[j] - maximum);
            sum += probability[j];
        }
        for (int i = 0; i < d; i++) {
            double value = 0;
            for (int j = from; j < to; j++) {
                value += probability[j - from] * qkv[j * 3 * c + 2 * c + column + i];
            }
            out[outRow * c + column + i] = (float) (value / sum);
        }
    }

    @Override
    public void gatherRows(Tensor out, Tensor in, int[] rows) {
        int c = in.columns();
        Shapes.check("gatherRows", "out", out, rows.length, c);
        Shapes.checkRows("gatherRows", "rows", rows, in.rows());
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(data(in), rows[i] * c, data(out), i * c, c);
        }
    }

    @Override
    public void meanRows(Tensor out, Tensor in, int[] cumulativeLengths) {
        int c = in.columns();
        Shapes.check("meanRows", "out", out, cumulativeLengths.length - 1, c);
        Shapes.checkCumulativeLengths("meanRows", cumulativeLengths, in.rows());
        for (int s = 0; s < out.rows(); s++) {
            for (int i = 0; i < c; i++) {
                double sum = 0;
                for (int t = cumulativeLengths[s]; t < cumulativeLengths[s + 1]; t++) {
                    sum += data(in)[t * c + i];
                }
                data(out)[s * c + i] = (float) (sum / (cumulativeLengths[s + 1] - cumulativeLengths[s]));
            }
        }
    }

    @Override
    public void normalizeRows(Tensor tensor, int columns) {
        float[] x = data(tensor);
        for (int row = 0; row < tensor.rows(); row++) {
            int start = row * tensor.columns();
            double squares = 0;
            for (int i = 0; i < columns; i++) {
                squares += (double) x[start + i] * x[start + i];
            }
            double length = Math.max(Math.sqrt(squares), NORM_FLOOR);
            for (int i = 0; i < columns; i++) {
                x[start + i] = (float) (x[start + i] / length);
            }
        }
    }

    @Override
    public void write(Tensor out, float[] values) {
        Shapes.checkLength("write", "values", values.length, out.rows() * out.columns());
        System.arraycopy(values, 0, data(out), 0, values.length);
    }

    @Override
    public void read(float[] out, int offset, Tensor in, int firstRow, int rowCount) {
        System.arraycopy(data(in), firstRow * in.columns(), out, offset, rowCount * in.columns());
    }

    @Override
    public void close() {
        // There are no resources to free.
    }

    /** {@code out[m, n] = Σₖ in[m, k] · weight[n, k] + bias[n]}. */
    private static void product(String operation, Tensor out, Tensor in, Linear layer) {
        Shapes.checkLinear(operation, out, in, layer);
        ScalarLinear linear = (ScalarLinear) layer;
        float[] a = data(in);
        float[] x = data(out);
        int depth = linear.inputSize;
        for (int m = 0; m < in.rows(); m++) {
            for (int n = 0; n < linear.outputSize; n++) {
                double sum = linear.bias[n];
                for (int k = 0; k < depth; k++) {
                    sum += (double) a[m * depth + k] * linear.weight[n * depth + k];
                }
                x[m * linear.outputSize + n] = (float) sum;
            }
        }
    }

    /**
     * Computes layer norm (Ba et al. 2016) in two passes: {@code (x − mean) / √(variance + ε) · γ + β}, with
     * the biased variance.
     */
    private static void normalizeRow(float[] x, int start, ScalarNorm norm) {
        int c = norm.size();
        double mean = 0;
        for (int i = 0; i < c; i++) {
            mean += x[start + i];
        }
        mean /= c;
        double variance = 0;
        for (int i = 0; i < c; i++) {
            variance += (x[start + i] - mean) * (x[start + i] - mean);
        }
        variance /= c;
        double scale = 1 / Math.sqrt(variance + norm.epsilon);
        for (int i = 0; i < c; i++) {
            x[start + i] = (float) ((x[start + i] - mean) * scale * norm.gamma[i] + norm.beta[i]);
        }
    }

    private static float[] data(Tensor tensor) {
        return ((Matrix) tensor).data;
    }
}
