package dev.bgem3.kernel.vector;

import dev.bgem3.kernel.HostAttention;
import dev.bgem3.kernel.HostKernels;
import dev.bgem3.kernel.HostTensor;
import dev.bgem3.kernel.HostWorkspace;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Shapes;
import dev.bgem3.kernel.Tensor;

/**
 * fp32 on the Vector API and a team of threads: sums of fused multiply-adds in fp32, in ascending order of the summed
 * index, so a product's error is at most {@code (K + 1) · 2⁻²⁴ · (Σ|in·weight| + |bias|)} to first order.
 */
final class VectorKernels extends HostKernels {
    private record VectorNorm(float[] gamma, float[] beta, float epsilon) implements Norm {
        @Override
        public int size() {
            return gamma.length;
        }
    }

    private final HostWorkspace packedKeysAndValues = new HostWorkspace();
    private final Product.Scratch[] productScratches;
    private final Rows[] rows;
    private final Attention attention;

    VectorKernels(int threads) {
        super(threads);
        attention = new Attention(threads);
        productScratches = new Product.Scratch[threads];
        rows = new Rows[threads];
        for (int i = 0; i < threads; i++) {
            productScratches[i] = new Product.Scratch();
            rows[i] = new Rows();
        }
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
    public void linear(Tensor out, Tensor in, Linear layer) {
        product("linear", out, in, layer, Product.Finish.BIAS, null);
    }

    @Override
    public void linearGelu(Tensor out, Tensor in, Linear layer) {
        product("linearGelu", out, in, layer, Product.Finish.BIAS_GELU, null);
    }

    @Override
    public void linearRelu(Tensor out, Tensor in, Linear layer) {
        product("linearRelu", out, in, layer, Product.Finish.BIAS_RELU, null);
    }

    @Override
    public void linearAddNorm(Tensor out, Tensor in, Linear layer, Tensor residual, Norm norm) {
        Shapes.check("linearAddNorm", "residual", residual, in.rows(), layer.outputSize());
        Shapes.checkLength("linearAddNorm", "norm", norm.size(), layer.outputSize());
        product("linearAddNorm", out, in, layer, Product.Finish.BIAS_RESIDUAL, HostTensor.of(residual));
        normalizeRows(HostTensor.of(out), norm);
    }

    private void product(String operation, Tensor out, Tensor in, Linear layer, Product.Finish finish,
            HostTensor residual) {
        Shapes.checkLinear(operation, out, in, layer);
        Product.run(team, productScratches, HostTensor.of(out), HostTensor.of(in), (Product.Packed) layer,
                finish,
                residual);
    }

    @Override
    public void attention(Tensor out, Tensor queryKeyValue, int[] cumulativeLengths, int headCount) {
        HostAttention.run(team, packedKeysAndValues, HostTensor.of(out), HostTensor.of(queryKeyValue),
                cumulativeLengths, headCount, attention);
    }

    @Override
    public void firstTokenAttention(Tensor out, Tensor queryKeyValue, int[] cumulativeLengths,
            int headCount) {
        HostAttention.runFirstTokens(team, packedKeysAndValues, HostTensor.of(out),
                HostTensor.of(queryKeyValue), cumulativeLengths, headCount, attention);
    }

    @Override
    protected void closeOwn() {
        packedKeysAndValues.close();
    }
}
