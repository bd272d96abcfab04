package dev.bgem3.weights;

import dev.bgem3.error.ModelException;

/** A matrix or a vector whose rows can be read: a {@link StoredTensor}, or one computed from several. */
public interface TensorRows {
    /** Returns a copy of the size of each dimension, outermost first; one or two. */
    long[] shape();

    /** Returns the product of the sizes. */
    long elementCount();

    /**
     * Converts a row to fp32; a tensor of one dimension is one row.
     *
     * @param destination
     *            receives the columns from {@code offset} on
     * @throws ModelException
     *             if the row cannot be converted
     */
    void readRow(long row, float[] destination, int offset);

    /** Returns all elements in row-major order, for tensors whose shape has been checked. */
    float[] toFloats();

    /** Returns file, name, type and shape, for messages. */
    String describe();
}
