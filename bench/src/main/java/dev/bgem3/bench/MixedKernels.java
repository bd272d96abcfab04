package dev.bgem3.bench;

import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import java.util.function.IntPredicate;

/**
 * Combines two CPU kernels, one of which computes some of a model's linear layers and the other everything
 * else. They can share tensors, which are always fp32 numbers in memory, whatever the arithmetic of a
 * product.
 *
 * <p>
 * Linear layers are identified by the order in which a model creates them: for each encoder layer, the
 * queries, keys and values, the attention's output, and the first and second half of the feed-forward part;
 * then the heads. Layers that the int8 kernels would themselves keep in a higher precision are treated like
 * the others here, so that the effect of doing so can be measured.
 */
final class MixedKernels implements Kernels {
    private record MixedLinear(Kernels owner, Linear layer) implements Linear {
        @Override
        public int outputSize() {
            return layer.outputSize();
        }

        @Override
        public int inputSize() {
            return layer.inputSize();
        }
    }

    private record MixedNorm(Norm most, Norm some) implements Norm {
        @Override
        public int size() {
            return most.size();
        }
    }

    private final Kernels most;
    private final Kernels some;
    private final IntPredicate isSome;
    private int linearCount;

    /**
     * Combines two kernels and takes ownership of both.
     *
     * @param isSome
     *            whether {@code some} computes the linear layer with this number, counted from 0
     */
    MixedKernels(Kernels most, Kernels some, IntPredicate isSome) {
        this.most = most;
        this.some = some;
        this.isSome = isSome;
    }

    /** Returns the number of linear layers created. */
    int linearCount() {
        return linearCount;
    }

    @Override
    public String description() {
        return most.description() + ", and " + some.description();
    }

    @Override
    public int threads() {
        return most.threads();
    }

    @Override
    public Workspace newWorkspace() {
        return most.newWorkspace();
    }

    @Override
    public Linear linear(MatrixSource weight, float[] bias) {
        Kernels owner = isSome.test(linearCount++) ? some : most;
        return new MixedLinear(owner, owner.linear(weight, bias));
    }

    @Override
    public Norm norm(float[] gamma, float[] beta, float epsilon) {
        return new MixedNorm(most.norm(gamma, beta, epsilon), some.norm(gamma, beta, epsilon));
    }

    @Override
    public Table table(MatrixSource rows) {
        return most.table(rows);
    }

    @Override
    public void embed(Tensor out, int[] tokenIds, int[] positionIds, Table words, Table positions,
            float[] tokenType, Norm norm) {
        most.embed(out, tokenIds, positionIds, words, positions, tokenType, ((MixedNorm) norm).most);
    }

    @Override
    public void linear(Tensor out, Tensor in, Linear layer) {
        MixedLinear mixed = (MixedLinear) layer;
        mixed.owner.linear(out, in, mixed.layer);
    }

    @Override
    public void linearGelu(Tensor out, Tensor in, Linear layer) {
        MixedLinear mixed = (MixedLinear) layer;
        mixed.owner.linearGelu(out, in, mixed.layer);
    }

    @Override
    public void linearRelu(Tensor out, Tensor in, Linear layer) {
        MixedLinear mixed = (MixedLinear) layer;
        mixed.owner.linearRelu(out, in, mixed.layer);
    }

    @Override
    public void linearAddNorm(Tensor out, Tensor in, Linear layer, Tensor residual, Norm norm) {
        MixedLinear mixed = (MixedLinear) layer;
        MixedNorm norms = (MixedNorm) norm;
        mixed.owner.linearAddNorm(out, in, mixed.layer, residual,
                mixed.owner == some ? norms.some : norms.most);
    }

    @Override
    public void attention(Tensor out, Tensor queryKeyValue, int[] cumulativeLengths, int headCount) {
        most.attention(out, queryKeyValue, cumulativeLengths, headCount);
    }

    @Override
    public void firstTokenAttention(Tensor out, Tensor queryKeyValue, int[] cumulativeLengths,
            int headCount) {
        most.firstTokenAttention(out, queryKeyValue, cumulativeLengths, headCount);
    }

    @Override
    public void gatherRows(Tensor out, Tensor in, int[] rows) {
        most.gatherRows(out, in, rows);
    }

    @Override
    public void meanRows(Tensor out, Tensor in, int[] cumulativeLengths) {
        most.meanRows(out, in, cumulativeLengths);
    }

    @Override
    public void normalizeRows(Tensor tensor, int columns) {
        most.normalizeRows(tensor, columns);
    }

    @Override
    public void write(Tensor out, float[] values) {
        most.write(out, values);
    }

    @Override
    public void read(float[] out, int offset, Tensor in, int firstRow, int rowCount) {
        most.read(out, offset, in, firstRow, rowCount);
    }

    @Override
    public void close() {
        most.close();
        some.close();
    }
}
