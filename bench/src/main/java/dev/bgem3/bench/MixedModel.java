package dev.bgem3.bench;

import dev.bgem3.ColbertVectors;
import dev.bgem3.DenseVector;
import dev.bgem3.LexicalWeights;
import dev.bgem3.head.ColbertHead;
import dev.bgem3.head.DenseHead;
import dev.bgem3.head.SparseHead;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import dev.bgem3.model.Encoder;
import dev.bgem3.model.ModelFolder;
import dev.bgem3.model.TokenBatch;
import dev.bgem3.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A model with all three outputs whose linear layers are int8, except for some that are bf16. */
final class MixedModel implements AutoCloseable {
    /** The linear layers of an encoder layer, in the order in which a model creates them. */
    enum Kind {
        QUERY_KEY_VALUE("queries, keys, values"), ATTENTION_OUTPUT("attention output"), INTERMEDIATE(
                "intermediate"), OUTPUT("output");

        private final String label;

        Kind(String label) {
            this.label = label;
        }

        String label() {
            return label;
        }
    }

    private static final int TOKEN_BUDGET = 4_096;

    private final ModelFolder folder;
    private final Tokenizer tokenizer;
    private final MixedKernels kernels;
    private final Encoder encoder;
    private final DenseHead denseHead;
    private final SparseHead sparseHead;
    private final ColbertHead colbertHead;
    private final Workspace workspace;

    /**
     * Opens a model that has both heads with linear layers.
     *
     * @param isBf16
     *            whether the linear layer with this number is bf16; the number is {@link Kind#ordinal()} + 4
     *            times the encoder layer's, and the two heads follow
     */
    MixedModel(Path path, KernelProvider provider, IntPredicate isBf16) {
        int threads = Runtime.getRuntime().availableProcessors();
        folder = ModelFolder.open(path);
        tokenizer = Tokenizer.load(path);
        kernels = new MixedKernels(provider.open(Arithmetic.INT8, threads, 0),
                provider.open(Arithmetic.BF16, threads, 0), isBf16);
        encoder = folder.loadEncoder(kernels);
        denseHead = new DenseHead(kernels, List.of());
        sparseHead = folder.sparseHead().map(head -> new SparseHead(kernels, head.weight(), head.bias()))
                .orElseThrow();
        colbertHead = folder.colbertHead().map(head -> new ColbertHead(kernels, head.weight(), head.bias()))
                .orElseThrow();
        workspace = kernels.newWorkspace();
        int expected = Kind.values().length * folder.config().layerCount() + 2;
        if (kernels.linearCount() != expected) {
            throw new IllegalStateException(
                    "linear layers: " + kernels.linearCount() + " (expected: " + expected + ")");
        }
    }

    /** Returns all outputs of each text. */
    List<Outputs> encode(List<String> texts) {
        List<int[]> ids = texts.stream()
                .map(text -> tokenizer.encode(text, folder.config().maxTokens()).ids()).toList();
        List<Outputs> outputs = new ArrayList<>();
        for (int from = 0; from < ids.size();) {
            int to = from + 1;
            int tokens = ids.get(from).length;
            while (to < ids.size() && tokens + ids.get(to).length <= TOKEN_BUDGET) {
                tokens += ids.get(to++).length;
            }
            outputs.addAll(encodeBatch(TokenBatch.of(ids.subList(from, to))));
            from = to;
        }
        return outputs;
    }

    private List<Outputs> encodeBatch(TokenBatch batch) {
        workspace.reset();
        Tensor hidden = encoder.forward(workspace, batch);
        int[] ends = batch.cumulativeLengths();
        float[][] dense = denseHead.vectors(workspace, hidden, ends, DenseHead.Pooling.CLS, hidden.columns(),
                true);
        float[] tokenWeights = sparseHead.tokenWeights(workspace, hidden);
        float[][] colbert = colbertHead.vectors(workspace, hidden, ends);
        return IntStream.range(0, batch.textCount())
                .mapToObj(s -> new Outputs(new DenseVector(dense[s]),
                        lexicalWeights(batch.tokenIds(), tokenWeights, ends[s], ends[s + 1]),
                        new ColbertVectors(colbert[s], ends[s + 1] - ends[s] - 1, colbertHead.dimension())))
                .toList();
    }

    private LexicalWeights lexicalWeights(int[] ids, float[] weights, int from, int to) {
        Set<Integer> unweighted = IntStream.of(tokenizer.specialIds())
                .filter(id -> id != tokenizer.maskTokenId()).boxed().collect(Collectors.toSet());
        Map<Integer, Float> largest = new LinkedHashMap<>();
        for (int i = from; i < to; i++) {
            if (weights[i] > 0 && !unweighted.contains(ids[i])) {
                largest.merge(ids[i], weights[i], Math::max);
            }
        }
        return LexicalWeights.of(largest);
    }

    @Override
    public void close() {
        workspace.close();
        kernels.close();
        folder.close();
    }
}
