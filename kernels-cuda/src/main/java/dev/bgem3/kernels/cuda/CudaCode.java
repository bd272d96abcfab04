package dev.bgem3.kernels.cuda;

import java.util.ArrayList;
import java.util.List;

/** The project's kernels on one GPU, each with the launch shape that its source specifies. */
final class CudaCode implements AutoCloseable {
    /** The head size that the tensor-core attention supports. */
    private static final int FAST_HEAD_SIZE = 64;
    private static final int QUERY_TILE = 128;
    private static final int HOPPER_SHARED_BYTES = 80 * 1024;
    private static final int WARP = 32;
    /** The maximum size of a grid in its y dimension. */
    private static final int MAX_GRID_Y = 65_535;
    /** The rows and columns of a block of an activation kernel. */
    private static final int ACTIVATION_ROWS = 4;
    private static final int ACTIVATION_COLUMNS = 2048;

    private final CudaPrograms programs;
    private final KernelFunction multiplyAnyShape;
    private final KernelFunction embed;
    private final KernelFunction addNorm;
    private final KernelFunction normalizeRows;
    private final KernelFunction gelu;
    private final KernelFunction relu;
    private final KernelFunction gatherRows;
    private final KernelFunction meanRows;
    private final KernelFunction attention;
    private final KernelFunction attentionAnyHeadSize;

    CudaCode(CudaDevice device, Elements elements) {
        boolean hopper = device.computeCapability() == CudaDevice.HOPPER;
        List<String> names = new ArrayList<>(List.of("products", "embeddings", "norms", "rows", "attention"));
        if (hopper) {
            names.add("attention90");
        }
        programs = new CudaPrograms(device, elements, names);
        multiplyAnyShape = programs.function("products", "multiplyAnyShape", 256, 0);
        embed = programs.function("embeddings", "embed", WARP, 0);
        addNorm = programs.function("norms", "addNorm", 128, 0);
        normalizeRows = programs.function("norms", "normalizeRows", 128, 0);
        gelu = programs.function("rows", "gelu", 256, 0);
        relu = programs.function("rows", "relu", 256, 0);
        gatherRows = programs.function("rows", "gatherRows", 256, 0);
        meanRows = programs.function("rows", "meanRows", 256, 0);
        attention = hopper
                ? programs.function("attention90", "attention90", 256, HOPPER_SHARED_BYTES)
                : programs.function("attention", "attention", 128, 0);
        attentionAnyHeadSize = programs.function("attention", "attentionAnyHeadSize", 128, 0);
    }

    /**
     * Computes {@code out[M, N] = in[M, K] · weight[N, K]ᵀ (+ bias[N])}, without the bias if its address is
     * 0.
     */
    void multiplyAnyShape(CudaWorkspace workspace, CudaTensor out, CudaTensor in, long weight, long bias) {
        workspace.launch(multiplyAnyShape, Math.ceilDiv(out.columns(), 8), Math.min(out.rows(), MAX_GRID_Y),
                Arguments.of().pointer(out.target()).pointer(in.address()).pointer(weight).pointer(bias)
                        .number(out.rows()).number(out.columns()).number(in.columns()));
    }

    void embed(CudaWorkspace workspace, CudaTensor x, Arguments arguments) {
        workspace.launch(embed, x.rows(), 1, arguments);
    }

    void addNorm(CudaWorkspace workspace, CudaTensor x, Arguments arguments) {
        workspace.launch(addNorm, Math.ceilDiv(x.rows(), 4), 1, arguments);
    }

    void normalizeRows(CudaWorkspace workspace, CudaTensor x, int columns) {
        workspace.launch(normalizeRows, Math.ceilDiv(x.rows(), 4), 1,
                Arguments.of().pointer(x.target()).number(x.rows()).number(x.columns()).number(columns));
    }

    void gelu(CudaWorkspace workspace, CudaTensor x, long bias) {
        activate(workspace, gelu, x, Arguments.of().pointer(x.target()).pointer(bias));
    }

    void relu(CudaWorkspace workspace, CudaTensor x) {
        activate(workspace, relu, x, Arguments.of().pointer(x.target()));
    }

    private static void activate(CudaWorkspace workspace, KernelFunction function, CudaTensor x,
            Arguments arguments) {
        workspace.launch(function, Math.ceilDiv(x.columns(), ACTIVATION_COLUMNS),
                Math.min(Math.ceilDiv(x.rows(), ACTIVATION_ROWS), MAX_GRID_Y),
                arguments.number(x.rows()).number(x.columns()));
    }

    void gatherRows(CudaWorkspace workspace, CudaTensor out, CudaTensor in, long rowNumbers) {
        workspace.launch(gatherRows, Math.ceilDiv(out.rows(), 8), 1, Arguments.of().pointer(out.target())
                .pointer(in.address()).pointer(rowNumbers).number(out.rows()).number(out.columns()));
    }

    void meanRows(CudaWorkspace workspace, CudaTensor out, CudaTensor in, long cumulativeLengths) {
        workspace.launch(meanRows, Math.ceilDiv(out.columns(), WARP), Math.min(out.rows(), MAX_GRID_Y),
                Arguments.of().pointer(out.target()).pointer(in.address()).pointer(cumulativeLengths)
                        .number(out.rows()).number(out.columns()));
    }

    /** Returns the maximum number of queries in an attention tile. */
    int queryTile() {
        return QUERY_TILE;
    }

    /** Launches attention, several times if the tiles exceed a grid's y dimension. */
    void attention(CudaWorkspace workspace, CudaTensor out, CudaTensor queryKeyValue, AttentionTiles tiles,
            int headCount, int headSize) {
        for (int first = 0; first < tiles.count(); first += MAX_GRID_Y) {
            Arguments arguments = Arguments.of().pointer(out.target()).pointer(queryKeyValue.address())
                    .pointer(tiles.address() + (long) AttentionTiles.INTS * Integer.BYTES * first)
                    .number(headCount)
                    .number(tiles.queryLimit());
            int count = Math.min(MAX_GRID_Y, tiles.count() - first);
            if (headSize == FAST_HEAD_SIZE) {
                workspace.launch(attention, headCount, count, arguments);
            } else {
                workspace.launch(attentionAnyHeadSize, headCount, count, arguments.number(headSize));
            }
        }
    }

    @Override
    public void close() {
        programs.close();
    }
}
