package dev.bgem3.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Packs the keys and values of attention heads as right operands of products: keys as {@code kᵀ} in panels of
 * one key a column, {@code [D][panel]}, and values in panels of some of their D columns,
 * {@code [keys][panel]}. Not thread-safe.
 */
public final class KeyValuePanels {
    private final int panel;
    private float[] rows = new float[0];
    private float[] columns = new float[0];

    /**
     * Creates panels.
     *
     * @param panel
     *            the columns of a panel, at least 1
     */
    public KeyValuePanels(int panel) {
        this.panel = panel;
    }

    /** Returns how heads of a size are packed. */
    public static HostAttention.Packing packing(int headSize, int panel) {
        return new HostAttention.Packing(panel, 4L * headSize, Math.ceilDiv(headSize, panel), 4L * panel);
    }

    /** Packs a head, a panel of keys at a time; keys beyond its length and columns beyond D become zeros. */
    public void pack(HostAttention.Head head) {
        int d = head.size();
        int c = head.queryKeyValue().columns() / 3;
        if (rows.length < panel * d) {
            rows = new float[panel * d];
            columns = new float[panel * Math.max(panel, d)];
        }
        for (int from = 0; from < head.keys(); from += panel) {
            int count = Math.min(panel, head.keys() - from);
            readHead(head, from, count, c + head.column());
            Arrays.fill(columns, 0, d * panel, 0);
            for (int i = 0; i < d; i++) {
                for (int key = 0; key < count; key++) {
                    columns[i * panel + key] = rows[key * d + i];
                }
            }
            MemorySegment.copy(columns, 0, head.packed(), HostTensor.FLOAT, head.keysOffset() + 4L * from * d,
                    d * panel);

            readHead(head, from, count, 2 * c + head.column());
            for (int column = 0; column < d; column += panel) {
                int width = Math.min(panel, d - column);
                Arrays.fill(columns, 0, count * panel, 0);
                for (int key = 0; key < count; key++) {
                    System.arraycopy(rows, key * d + column, columns, key * panel, width);
                }
                MemorySegment.copy(columns, 0, head.packed(), HostTensor.FLOAT, head.valuesOffset()
                        + column / panel * head.valuePanelBytes() + 4L * from * panel, count * panel);
            }
        }
    }

    /** Copies D numbers at {@code column} of {@code count} rows of the sequence to {@code rows}, densely. */
    private void readHead(HostAttention.Head head, int from, int count, int column) {
        HostTensor tensor = head.queryKeyValue();
        for (int row = 0; row < count; row++) {
            MemorySegment.copy(tensor.data(), HostTensor.FLOAT,
                    tensor.offsetBytes(head.firstRow() + from + row) + 4L * column, rows, row * head.size(),
                    head.size());
        }
    }
}
