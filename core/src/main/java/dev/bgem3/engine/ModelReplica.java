package dev.bgem3.engine;

import dev.bgem3.head.ClassifierHead;
import dev.bgem3.head.ColbertHead;
import dev.bgem3.head.DenseHead;
import dev.bgem3.head.SparseHead;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import dev.bgem3.model.Encoder;
import dev.bgem3.model.LinearWeights;
import dev.bgem3.model.ModelFolder;
import dev.bgem3.model.TokenBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A model on one device: its weights in the kernels' layout, and a workspace for each forward pass that may
 * run at a time.
 */
final class ModelReplica implements AutoCloseable {
    /** Consecutive texts of a batch with the same outputs. */
    record HeadGroup(HeadSpec heads, int textCount) {}

    private final String name;
    private final Kernels kernels;
    private final Encoder encoder;
    private final DenseHead denseHead;
    private final Optional<SparseHead> sparseHead;
    private final Optional<ColbertHead> colbertHead;
    private final Optional<ClassifierHead> classifierHead;
    private List<Workspace> workspaces = List.of();

    /**
     * Loads the weights; frees what it has allocated if that fails.
     *
     * @param kernels
     *            owned and closed by this object from now on
     */
    ModelReplica(String name, Kernels kernels, ModelFolder folder) {
        this.name = name;
        this.kernels = kernels;
        boolean done = false;
        try {
            encoder = folder.loadEncoder(kernels);
            denseHead = new DenseHead(kernels, folder.denseLayers().stream()
                    .map(layer -> new DenseHead.Layer(
                            kernels.preciseLinear(layer.linear().weight(), layer.linear().bias()),
                            layer.tanh()))
                    .toList());
            sparseHead = folder.sparseHead()
                    .map(head -> new SparseHead(kernels, head.weight(), head.bias()));
            colbertHead = folder.colbertHead()
                    .map(head -> new ColbertHead(kernels, head.weight(), head.bias()));
            classifierHead = folder.classifierDense().map(dense -> {
                LinearWeights output = folder.classifierOutput().orElseThrow();
                return new ClassifierHead(kernels, dense.weight(), dense.bias(), output.weight(),
                        output.bias());
            });
            workspaces = new ArrayList<>(kernels.passes());
            for (int i = 0; i < kernels.passes(); i++) {
                workspaces.add(kernels.newWorkspace());
            }
            done = true;
        } finally {
            if (!done) {
                close();
            }
        }
    }

    /** Returns the device's name, such as {@code cuda:0}. */
    String name() {
        return name;
    }

    Kernels kernels() {
        return kernels;
    }

    List<Workspace> workspaces() {
        return workspaces;
    }

    /** Returns {@link Kernels#tokenBudget} for this model. */
    int tokenBudget() {
        int headNumbers = 1 + colbertHead.map(ColbertHead::dimension).orElse(0);
        return kernels.tokenBudget(encoder.numbersPerToken() + headNumbers + denseHead.numbersPerText());
    }

    /**
     * Runs the forward pass and the heads that each group of texts needs.
     *
     * @param workspace
     *            one of {@link #workspaces()}
     * @param groups
     *            all texts of the batch, in its order
     * @return the outputs of each group, indexed by the group's own texts and tokens
     */
    List<HeadOutputs> run(Workspace workspace, TokenBatch batch, List<HeadGroup> groups) {
        workspace.reset();
        boolean onlyFirstTokens = groups.stream().allMatch(group -> group.heads().needsOnlyFirstTokens());
        Tensor hidden = onlyFirstTokens
                ? encoder.forwardFirstTokens(workspace, batch)
                : encoder.forward(workspace, batch);
        int[] rows = onlyFirstTokens
                ? IntStream.rangeClosed(0, batch.textCount()).toArray()
                : batch.cumulativeLengths();
        if (groups.size() == 1) {
            return List.of(outputs(workspace, hidden, rows, groups.getFirst().heads()));
        }
        List<HeadOutputs> outputs = new ArrayList<>();
        int firstText = 0;
        for (HeadGroup group : groups) {
            int[] groupRows = Arrays.copyOfRange(rows, firstText, firstText + group.textCount() + 1);
            int firstRow = groupRows[0];
            Tensor groupHidden = workspace.tensor(groupRows[group.textCount()] - firstRow, hidden.columns());
            kernels.gatherRows(groupHidden, hidden,
                    IntStream.range(firstRow, groupRows[group.textCount()]).toArray());
            outputs.add(outputs(workspace, groupHidden,
                    Arrays.stream(groupRows).map(row -> row - firstRow).toArray(),
                    group.heads()));
            firstText += group.textCount();
        }
        return outputs;
    }

    /**
     * Runs a cross-encoder's forward pass.
     *
     * @param workspace
     *            one of {@link #workspaces()}
     * @return [S], the score of each pair
     */
    float[] scores(Workspace workspace, TokenBatch batch) {
        workspace.reset();
        return classifierHead.orElseThrow().scores(workspace, encoder.forwardFirstTokens(workspace, batch));
    }

    private HeadOutputs outputs(Workspace workspace, Tensor hidden, int[] rows, HeadSpec heads) {
        return new HeadOutputs(
                heads.dense()
                        ? Optional.of(denseHead.vectors(workspace, hidden, rows, heads.pooling(),
                                heads.dimension(), heads.normalize()))
                        : Optional.empty(),
                heads.sparse()
                        ? Optional.of(sparseHead.orElseThrow().tokenWeights(workspace, hidden))
                        : Optional.empty(),
                heads.colbert()
                        ? Optional.of(colbertHead.orElseThrow().vectors(workspace, hidden, rows))
                        : Optional.empty(),
                heads.tokenStates() ? Optional.of(states(hidden, rows)) : Optional.empty());
    }

    /** Reads [L, C], row-major, for each text of L tokens. */
    private float[][] states(Tensor hidden, int[] rows) {
        float[][] states = new float[rows.length - 1][];
        for (int s = 0; s < states.length; s++) {
            int tokens = rows[s + 1] - rows[s];
            states[s] = new float[Math.multiplyExact(tokens, hidden.columns())];
            kernels.read(states[s], 0, hidden, rows[s], tokens);
        }
        return states;
    }

    @Override
    public void close() {
        try {
            workspaces.forEach(Workspace::close);
        } finally {
            kernels.close();
        }
    }
}
