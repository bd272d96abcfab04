package dev.bgem3.kernel;

/**
 * Memory for one forward pass at a time: allocates tensors one after another and frees them all at once.
 *
 * <p>
 * It keeps the memory that it has grown to, so that a steady load allocates nothing. One thread at a time may
 * use it, not always the same one. It stays usable, after a {@link #reset}, if an operation ran out of
 * memory.
 */
public interface Workspace extends AutoCloseable {
    /** Allocates a tensor with unspecified contents. */
    Tensor tensor(int rows, int columns);

    /**
     * Allocates a tensor that only {@link Kernels#linear}, {@link Kernels#linearGelu} and attention write,
     * and only linear layers and attention read; a provider may store its numbers in the type of its
     * products.
     */
    default Tensor roundedTensor(int rows, int columns) {
        return tensor(rows, columns);
    }

    /** Frees every tensor. */
    void reset();

    /** Frees the memory; closing again does nothing. */
    @Override
    void close();
}
