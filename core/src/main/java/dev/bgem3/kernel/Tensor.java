package dev.bgem3.kernel;

/**
 * A row-major matrix {@code [rows, columns]} in memory that only its provider can read.
 *
 * <p>
 * It belongs to the {@link Workspace} that created it and is invalid after that is reset or closed.
 */
public interface Tensor {
    /** The number of rows; 0 is allowed. */
    int rows();

    /** The number of columns. */
    int columns();
}
