package dev.bgem3.kernel.vector;

import dev.bgem3.kernel.LinearFinish;
import dev.bgem3.kernel.HostAttention;
import dev.bgem3.kernel.HostKernels;
import dev.bgem3.kernel.HostTensor;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Shapes;

/**
 * fp32 kernels on the Vector API and a team of threads. Sums are chains of fused multiply-adds in fp32, in
 * ascending order of the index, so the error of a product is at most
 * {@code (K + 1) · 2⁻²⁴ · (Σ|in·weight| + |bias|)} to first order.
 */
final class VectorKernels extends HostKernels {
    private record VectorNorm(float[] gamma, float[] beta, float epsilon) implements Norm {
        @Override
        public int size() {
            return gamma.length;
        }
    }

    private final Product.Scratch[] productScratches;
    private final Rows[] rows;
    private final Attention attention;

    VectorKernels(int threads) {
        Product.Scratch[] ofProducts = new Product.Scratch[threads];
        Rows[] ofRows = new Rows[threads];
        for (int i = 0; i < threads; i++) {
            ofProducts[i] = new Product.Scratch();
            ofRows[i] = new Rows();
        }
        attention = new Attention(threads);
        productScratches = ofProducts;
        rows = ofRows;
        super(threads);
    }

    @Override
    public String description() {
        return "vector, Vector API with " + Lanes.COUNT + " lanes of fp32";
    }

    @Override
    public Linear linear(MatrixSource weight, float[] bias) {
        Shapes.checkLength("linear", "bias", bias.length, weight.rows());
        return Product.pack(team, weights, weight, bias);
    }

    @Override
    public Norm norm(float[] gamma, float[] beta, float epsilon) {
        Shapes.checkLength("norm", "beta", beta.length, gamma.length);
        return new VectorNorm(gamma.clone(), beta.clone(), epsilon);
    }

    @Override
    protected void normalizeRow(float[] row, Norm norm, int worker) {
        VectorNorm layerNorm = (VectorNorm) norm;
        rows[worker].normalize(row, layerNorm.size(), layerNorm.gamma, layerNorm.beta, layerNorm.epsilon);
    }

    @Override
    protected void product(HostTensor out, HostTensor in, Linear layer, LinearFinish finish,
            HostTensor residual) {
        Product.run(team, productScratches, out, in, (Product.Packed) layer, finish, residual);
    }

    @Override
    protected HostAttention.Work attention() {
        return attention;
    }
}
