package dev.bgem3.kernel;

/** The argument checks of all providers, with the same messages. */
public final class Shapes {
    private Shapes() {}

    /** Checks a linear layer's operands: {@code out[M, N]}, {@code in[M, K]}. */
    public static void checkLinear(String operation, Tensor out, Tensor in, Kernels.Linear layer) {
        check(operation, "in", in, in.rows(), layer.inputSize());
        check(operation, "out", out, in.rows(), layer.outputSize());
    }

    /** Checks that {@code tensor} is {@code [rows, columns]}. */
    public static void check(String operation, String name, Tensor tensor, int rows, int columns) {
        if (tensor.rows() != rows || tensor.columns() != columns) {
            throw new IllegalArgumentException(operation + ": " + name + " is [" + tensor.rows() + ", "
                    + tensor.columns() + "] (expected: [" + rows + ", " + columns + "])");
        }
    }

    /** Checks the length of an argument. */
    public static void checkLength(String operation, String name, int length, int expected) {
        if (length != expected) {
            throw new IllegalArgumentException(
                    operation + ": " + name + " has " + length + " entries (expected: " + expected + ")");
        }
    }

    /** Checks attention's operands and returns D. */
    public static int checkAttention(Tensor out, Tensor queryKeyValue, int[] cumulativeLengths,
            int headCount) {
        return checkAttention("attention", out, queryKeyValue, out.rows(), cumulativeLengths, headCount);
    }

    /** Checks the operands of first-token attention and returns D. */
    public static int checkFirstTokenAttention(Tensor out, Tensor queryKeyValue, int[] cumulativeLengths,
            int headCount) {
        String operation = "firstTokenAttention";
        int d = checkAttention(operation, out, queryKeyValue, queryKeyValue.rows(), cumulativeLengths,
                headCount);
        check(operation, "out", out, cumulativeLengths.length - 1, out.columns());
        for (int s = 0; s < out.rows(); s++) {
            if (cumulativeLengths[s] == cumulativeLengths[s + 1]) {
                throw new IllegalArgumentException(
                        operation + ": sequence " + s + " has no tokens (expected: at least 1)");
            }
        }
        return d;
    }

    private static int checkAttention(String operation, Tensor out, Tensor queryKeyValue, int tokens,
            int[] cumulativeLengths, int headCount) {
        if (headCount < 1 || out.columns() % headCount != 0) {
            throw new IllegalArgumentException(operation + ": headCount: " + headCount
                    + " (expected: a divisor of the hidden size " + out.columns() + ")");
        }
        check(operation, "queryKeyValue", queryKeyValue, tokens, 3 * out.columns());
        checkCumulativeLengths(operation, cumulativeLengths, tokens);
        return out.columns() / headCount;
    }

    /** Checks that cumulative lengths ascend from 0 to {@code tokens}. */
    public static void checkCumulativeLengths(String operation, int[] cumulativeLengths, int tokens) {
        int last = cumulativeLengths.length - 1;
        boolean ascending = last >= 0 && cumulativeLengths[0] == 0 && cumulativeLengths[last] == tokens;
        for (int s = 0; ascending && s < last; s++) {
            ascending = cumulativeLengths[s] <= cumulativeLengths[s + 1];
        }
        if (!ascending) {
            throw new IllegalArgumentException(
                    operation + ": cumulativeLengths do not ascend from 0 to " + tokens);
        }
    }

    /** Checks that every id is a row of a table. */
    public static void checkRows(String operation, String name, int[] ids, int rows) {
        for (int id : ids) {
            if (id < 0 || id >= rows) {
                throw new IllegalArgumentException(
                        operation + ": " + name + ": " + id + " (expected: 0.." + (rows - 1) + ")");
            }
        }
    }
}
