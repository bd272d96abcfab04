package dev.bgem3.kernel;

/**
 * The memory of one forward pass at a time: tensors are taken one after another and given back all at once.
 *
 * <p>
 * It keeps what it has grown to, so that a steady load allocates nothing. It serves one thread at a time, not
 * always the same one. Where an operation ran out of memory, {@link #reset} makes it as good as before.
 */
public interface Workspace extends AutoCloseable {
    /** A tensor with unspecified contents. */
    Tensor tensor(int rows, int columns);

    /**
     * A tensor that only {@link Kernels#linear}, {@link Kernels#linearGelu} and attention write, and only
     * linear layers and attention read: a provider may keep its numbers rounded as its products take them.
     */
    default Tensor roundedTensor(int rows, int columns) {
        return tensor(rows, columns);
    }

    /** Takes back every tensor. */
    void reset();

    /** Frees the memory; closing again does nothing. */
    @Override
    void close();
}
