package dev.bgem3.kernel.jit;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.HostTensor;
import dev.bgem3.kernel.Kernels.Linear;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.PackedLayout;
import dev.bgem3.kernel.PackedLinear;
import dev.bgem3.kernel.ThreadTeam;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/**
 * A linear layer in the layout of the assembled products: its weight [N, K] in panels
 * {@code [⌈N / width⌉][steps][width]} of 32-bit words, each of which holds 1, 2 or 4 numbers of K. Columns
 * beyond N are zeros.
 *
 * @param width
 *            the number of columns of a panel
 * @param panels
 *            the weight
 * @param bias
 *            one number per column, padded with zeros
 * @param scales
 *            if the arithmetic is scaled, one number per column; otherwise no memory
 * @param offsets
 *            if the arithmetic is scaled, 128 times the sum of each column's integers; otherwise no memory
 * @param outputSize
 *            N
 * @param inputSize
 *            K
 * @param arithmetic
 *            the arithmetic of the products
 * @param whole
 *            all these parts, one after another in this order
 */
public record PackedPanels(int width, MemorySegment panels, MemorySegment bias, MemorySegment scales,
        MemorySegment offsets, int outputSize, int inputSize, Arithmetic arithmetic, PackedLinear whole)
        implements
            Linear {
    /** The alignment of memory in bytes: a cache line. */
    private static final int ALIGNMENT = 64;
    /** The largest int8 weight; weights are symmetric, −127 to 127. */
    private static final int INT8_RANGE = 127;

    /**
     * Uses the packed form of a weight if there is one; otherwise packs it with all threads of the team into
     * memory of {@code arena}.
     *
     * @param width
     *            the number of columns of a panel
     * @param arithmetic
     *            the arithmetic of this layer
     * @param kernelsArithmetic
     *            the arithmetic of most layers, which names the layout
     */
    public static PackedPanels pack(ThreadTeam team, Arena arena, int width, Arithmetic arithmetic,
            Arithmetic kernelsArithmetic, MatrixSource weight, float[] bias) {
        PackedLayout layout = new PackedLayout("jit-panel" + width + "-" + kernelsArithmetic.label(),
                kernelsArithmetic.numericsVersion());
        int panelCount = Math.ceilDiv(weight.rows(), width);
        boolean scaled = arithmetic.isScaled();
        long columnsBytes = 4L * panelCount * width;
        long panelsBytes = columnsBytes * Math.ceilDiv(weight.columns(), arithmetic.numbersPerWord());
        long bytes = panelsBytes + (scaled ? 3 : 1) * columnsBytes;
        Optional<MemorySegment> kept = weight.packed(layout).filter(there -> there.byteSize() == bytes);
        MemorySegment whole = kept.orElseGet(() -> arena.allocate(bytes, ALIGNMENT));
        PackedPanels packed = new PackedPanels(width, whole.asSlice(0, panelsBytes),
                whole.asSlice(panelsBytes, columnsBytes),
                scaled ? whole.asSlice(panelsBytes + columnsBytes, columnsBytes) : MemorySegment.NULL,
                scaled ? whole.asSlice(panelsBytes + 2 * columnsBytes, columnsBytes) : MemorySegment.NULL,
                weight.rows(), weight.columns(), arithmetic, new PackedLinear(layout, whole));
        if (kept.isEmpty()) {
            MemorySegment.copy(bias, 0, packed.bias, HostTensor.FLOAT, 0, bias.length);
            team.run(panelCount, (panel, _) -> packed.packPanel(panel, weight));
        }
        return packed;
    }

    @Override
    public Optional<PackedLinear> packed() {
        return Optional.of(whole);
    }

    /** Returns the number of panels. */
    public int panelCount() {
        return Math.ceilDiv(outputSize, width);
    }

    /** Returns the number of words along K. */
    public int steps() {
        return Math.ceilDiv(inputSize, arithmetic.numbersPerWord());
    }

    /** Returns the address of a panel. */
    public long panelAddress(int panel) {
        return panels.address() + panel * panelBytes();
    }

    private long panelBytes() {
        return 4L * steps() * width;
    }

    private void packPanel(int panel, MatrixSource weight) {
        int first = panel * width;
        int count = Math.min(width, outputSize - first);
        int[] words = new int[steps() * width];
        float[] row = new float[steps() * arithmetic.numbersPerWord()];
        for (int j = 0; j < count; j++) {
            weight.readRow(first + j, row, 0);
            int[] column = switch (arithmetic) {
                case FP32 -> fp32Words(row);
                case BF16 -> bf16Words(row);
                case INT8 -> int8Words(row, first + j);
                case FP16 -> throw KernelSet.notOffered(arithmetic);
            };
            for (int step = 0; step < column.length; step++) {
                words[step * width + j] = column[step];
            }
        }
        MemorySegment.copy(words, 0, panels, ValueLayout.JAVA_INT, panel * panelBytes(), words.length);
    }

    private static int[] fp32Words(float[] row) {
        int[] words = new int[row.length];
        for (int i = 0; i < words.length; i++) {
            words[i] = Float.floatToRawIntBits(row[i]);
        }
        return words;
    }

    private static int[] bf16Words(float[] row) {
        int[] words = new int[row.length / 2];
        for (int i = 0; i < words.length; i++) {
            words[i] = bf16(row[2 * i]) | bf16(row[2 * i + 1]) << 16;
        }
        return words;
    }

    /** Rounds a finite number to bf16, the upper half of its bits, to nearest even. */
    private static int bf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        return bits + 0x7fff + (bits >>> 16 & 1) >>> 16;
    }

    /** Rounds the row of a column, and sets the column's scale and offset. */
    private int[] int8Words(float[] row, int column) {
        float largest = 0;
        for (float number : row) {
            largest = Math.max(largest, Math.abs(number));
        }
        int[] words = new int[row.length / 4];
        int sum = 0;
        for (int i = 0; i < row.length; i++) {
            int rounded = largest == 0 ? 0 : Math.round(row[i] / largest * INT8_RANGE);
            words[i / 4] |= (rounded & 0xff) << i % 4 * 8;
            sum += rounded;
        }
        scales.set(HostTensor.FLOAT, 4L * column, largest / INT8_RANGE);
        offsets.set(ValueLayout.JAVA_INT, 4L * column, 128 * sum);
        return words;
    }
}
