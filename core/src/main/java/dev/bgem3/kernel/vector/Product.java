package dev.bgem3.kernel.vector;

import dev.bgem3.kernel.LinearFinish;
import dev.bgem3.kernel.HostTensor;
import dev.bgem3.kernel.Kernels.Linear;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.PackedLayout;
import dev.bgem3.kernel.PackedLinear;
import dev.bgem3.kernel.ThreadTeam;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The linear layers: {@code out = finish(in · weightᵀ + bias)}.
 *
 * <p>
 * The weight is packed once into panels (see {@link MicroKernel}); columns beyond N are zeros. The work is
 * split into blocks of rows and ranges of panels. A worker copies its block of rows once, so that the inner
 * loop reads contiguous memory, then multiplies it by one panel after another and finishes each tile while it
 * is in the level 1 cache. M·N·K fused multiply-adds read the weight M / {@link #blockRows} times.
 */
final class Product {
    /**
     * The approximate number of floats in a block of rows (512 KiB), half the level 2 cache of current cores.
     */
    private static final int BLOCK_FLOATS = 128 * 1024;
    private static final int MAX_BLOCK_ROWS = 128;
    /** The pieces of work for each thread: several, so that all threads finish at about the same time. */
    private static final int PIECES_PER_THREAD = 6;

    /** A weight [N, K] as panels {@code [⌈N / PANEL⌉][K][PANEL]}, and its bias padded with zeros. */
    record Packed(MemorySegment panels, float[] bias, int outputSize, int inputSize,
            PackedLinear whole) implements Linear {
        @Override
        public Optional<PackedLinear> packed() {
            return Optional.of(whole);
        }

        int panelCount() {
            return bias.length / Lanes.PANEL;
        }

        long panelOffset(int panel) {
            return 4L * panel * inputSize * Lanes.PANEL;
        }
    }

    /** The memory of one worker. */
    static final class Scratch {
        private float[] block = new float[0];
        private float[] tile = new float[0];
        private final float[] residual = new float[Lanes.PANEL];

        private void reserve(int blockFloats, int tileFloats) {
            if (block.length < blockFloats) {
                block = new float[blockFloats];
            }
            if (tile.length < tileFloats) {
                tile = new float[tileFloats];
            }
        }
    }

    private Product() {}

    /**
     * Uses the packed form of a weight if there is one; otherwise packs it with all threads of the team into
     * memory of {@code arena}. A packed layer holds its panels, then its bias.
     */
    static Packed pack(ThreadTeam team, Arena arena, MatrixSource weight, float[] bias) {
        PackedLayout layout = new PackedLayout("vector-panel" + Lanes.PANEL + "-fp32",
                Arithmetic.FP32.numericsVersion());
        int k = weight.columns();
        int panelCount = (weight.rows() + Lanes.PANEL - 1) / Lanes.PANEL;
        float[] paddedBias = Arrays.copyOf(bias, panelCount * Lanes.PANEL);
        long panelsBytes = 4L * panelCount * k * Lanes.PANEL;
        long bytes = panelsBytes + 4L * paddedBias.length;
        Optional<MemorySegment> kept = Product.class.getModule().isNativeAccessEnabled()
                ? weight.packed(layout).filter(there -> there.byteSize() == bytes).map(Product::unmapped)
                : Optional.empty();
        MemorySegment whole = kept.orElseGet(() -> arena.allocate(bytes, 64));
        Packed packed = new Packed(whole.asSlice(0, panelsBytes), paddedBias, weight.rows(), k,
                new PackedLinear(layout, whole));
        if (kept.isEmpty()) {
            MemorySegment.copy(paddedBias, 0, whole, HostTensor.FLOAT, panelsBytes, paddedBias.length);
            team.run(panelCount, (panel, _) -> packPanel(packed, panel, weight));
        }
        return packed;
    }

    /**
     * Returns mapped memory as a segment of the class that allocated segments have: if the kernel's loads see
     * two classes of segments, they take half as long again.
     */
    @SuppressWarnings("restricted")
    private static MemorySegment unmapped(MemorySegment mapped) {
        return MemorySegment.ofAddress(mapped.address()).reinterpret(mapped.byteSize());
    }

    private static void packPanel(Packed packed, int panel, MatrixSource weight) {
        int k = packed.inputSize;
        int first = panel * Lanes.PANEL;
        int count = Math.min(Lanes.PANEL, packed.outputSize - first);
        float[] rows = new float[count * k];
        for (int j = 0; j < count; j++) {
            weight.readRow(first + j, rows, j * k);
        }
        float[] transposed = new float[k * Lanes.PANEL];
        for (int i = 0; i < k; i++) {
            for (int j = 0; j < count; j++) {
                transposed[i * Lanes.PANEL + j] = rows[j * k + i];
            }
        }
        MemorySegment.copy(transposed, 0, packed.panels, HostTensor.FLOAT, packed.panelOffset(panel),
                transposed.length);
    }

    /** Returns the number of rows in a block of depth K: a multiple of the tallest tile. */
    private static int blockRows(int depth) {
        int rows = BLOCK_FLOATS / depth / MicroKernel.MAX_ROWS * MicroKernel.MAX_ROWS;
        return Math.clamp(rows, MicroKernel.MAX_ROWS, MAX_BLOCK_ROWS);
    }

    /**
     * Runs a layer.
     *
     * @param residual
     *            [M, N] for {@link LinearFinish#BIAS_RESIDUAL}, may be {@code out}; otherwise unused, may be
     *            null
     */
    static void run(ThreadTeam team, Scratch[] scratches, HostTensor out, HostTensor in, Packed layer,
            LinearFinish finish, HostTensor residual) {
        int blockRows = blockRows(layer.inputSize);
        int blocks = (in.rows() + blockRows - 1) / blockRows;
        int ranges = Math.clamp((PIECES_PER_THREAD * team.threads() + blocks - 1) / Math.max(1, blocks), 1,
                layer.panelCount());
        team.run(blocks * ranges, (piece, worker) -> {
            int block = piece / ranges;
            int range = piece % ranges;
            int firstRow = block * blockRows;
            int rows = Math.min(blockRows, in.rows() - firstRow);
            int fromPanel = (int) ((long) layer.panelCount() * range / ranges);
            int toPanel = (int) ((long) layer.panelCount() * (range + 1) / ranges);
            runPiece(scratches[worker], out, in, layer, finish, residual, firstRow, rows, fromPanel, toPanel);
        });
    }

    private static void runPiece(Scratch scratch, HostTensor out, HostTensor in, Packed layer,
            LinearFinish finish,
            HostTensor residual, int firstRow, int rows, int fromPanel, int toPanel) {
        int padded = Lanes.roundUp(rows, MicroKernel.MIN_ROWS);
        int depth = layer.inputSize;
        scratch.reserve(blockFloats(padded, depth), padded * Lanes.PANEL);
        fillBlock(scratch.block, in, firstRow, rows, padded, 0, depth);
        for (int panel = fromPanel; panel < toPanel; panel++) {
            Arrays.fill(scratch.tile, 0, padded * Lanes.PANEL, 0);
            MicroKernel.multiply(scratch.tile, 0, scratch.block, padded, depth, layer.panels,
                    layer.panelOffset(panel));
            int column = panel * Lanes.PANEL;
            addBias(scratch.tile, rows, layer.bias, column);
            switch (finish) {
                case BIAS -> {
                    // Nothing follows the bias.
                }
                case BIAS_GELU -> gelu(scratch.tile, rows * Lanes.PANEL);
                case BIAS_RELU -> relu(scratch.tile, rows * Lanes.PANEL);
                case BIAS_RESIDUAL -> addResidual(scratch, rows, residual, firstRow, column);
            }
            store(out, firstRow, column, scratch.tile, rows);
        }
    }

    /** Returns the size of a block of {@code rows} rows of depth {@code depth}, in floats. */
    static int blockFloats(int rows, int depth) {
        return (depth + MicroKernel.DEPTH - 1) / MicroKernel.DEPTH * rows * MicroKernel.ROW_STRIDE;
    }

    /**
     * Copies {@code depth} columns of some rows into a block and fills it with zeros up to {@code padded}
     * rows.
     */
    static void fillBlock(float[] block, HostTensor in, int firstRow, int rows, int padded, int column,
            int depth) {
        for (int k = 0; k < depth; k += MicroKernel.DEPTH) {
            int slice = Math.min(MicroKernel.DEPTH, depth - k);
            int start = k / MicroKernel.DEPTH * padded * MicroKernel.ROW_STRIDE;
            for (int row = 0; row < rows; row++) {
                MemorySegment.copy(in.data(), HostTensor.FLOAT,
                        in.offsetBytes(firstRow + row) + 4L * (column + k),
                        block,
                        start + row * MicroKernel.ROW_STRIDE, slice);
            }
            for (int row = rows; row < padded; row++) {
                int at = start + row * MicroKernel.ROW_STRIDE;
                Arrays.fill(block, at, at + slice, 0);
            }
        }
    }

    private static void addBias(float[] tile, int rows, float[] bias, int column) {
        FloatVector bias0 = FloatVector.fromArray(Lanes.SPECIES, bias, column);
        FloatVector bias1 = FloatVector.fromArray(Lanes.SPECIES, bias, column + Lanes.COUNT);
        for (int row = 0; row < rows; row++) {
            int at = row * Lanes.PANEL;
            FloatVector.fromArray(Lanes.SPECIES, tile, at).add(bias0).intoArray(tile, at);
            at += Lanes.COUNT;
            FloatVector.fromArray(Lanes.SPECIES, tile, at).add(bias1).intoArray(tile, at);
        }
    }

    private static void gelu(float[] tile, int length) {
        for (int at = 0; at < length; at += Lanes.COUNT) {
            VectorMath.gelu(FloatVector.fromArray(Lanes.SPECIES, tile, at)).intoArray(tile, at);
        }
    }

    private static void relu(float[] tile, int length) {
        for (int at = 0; at < length; at += Lanes.COUNT) {
            FloatVector.fromArray(Lanes.SPECIES, tile, at).lanewise(VectorOperators.MAX, 0).intoArray(tile,
                    at);
        }
    }

    private static void addResidual(Scratch scratch, int rows, HostTensor residual, int firstRow,
            int column) {
        int columns = Math.min(Lanes.PANEL, residual.columns() - column);
        for (int row = 0; row < rows; row++) {
            MemorySegment.copy(residual.data(), HostTensor.FLOAT,
                    residual.offsetBytes(firstRow + row) + 4L * column,
                    scratch.residual, 0, columns);
            for (int at = 0; at < Lanes.PANEL; at += Lanes.COUNT) {
                int to = row * Lanes.PANEL + at;
                FloatVector.fromArray(Lanes.SPECIES, scratch.tile, to)
                        .add(FloatVector.fromArray(Lanes.SPECIES, scratch.residual, at))
                        .intoArray(scratch.tile, to);
            }
        }
    }

    private static void store(HostTensor out, int firstRow, int column, float[] tile, int rows) {
        int columns = Math.min(Lanes.PANEL, out.columns() - column);
        for (int row = 0; row < rows; row++) {
            long to = out.offsetBytes(firstRow + row) + 4L * column;
            if (columns == Lanes.PANEL) {
                int at = row * Lanes.PANEL;
                FloatVector.fromArray(Lanes.SPECIES, tile, at).intoMemorySegment(out.data(), to, Lanes.ORDER);
                FloatVector.fromArray(Lanes.SPECIES, tile, at + Lanes.COUNT).intoMemorySegment(out.data(),
                        to + 4L * Lanes.COUNT, Lanes.ORDER);
            } else {
                MemorySegment.copy(tile, row * Lanes.PANEL, out.data(), HostTensor.FLOAT, to, columns);
            }
        }
    }
}
