package dev.bgem3.kernels.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A kernel's arguments as one block of bytes, each aligned to its own size as in a C struct (CUDA driver API,
 * {@code CU_LAUNCH_PARAM_BUFFER_POINTER}). Two objects are equal if their blocks are.
 */
final class Arguments {
    /** The size limit of a block, larger than any kernel needs. */
    static final int MAX_BYTES = 96;

    private final ByteBuffer block = ByteBuffer.allocate(MAX_BYTES).order(ByteOrder.nativeOrder());

    /** Returns an empty block. */
    static Arguments of() {
        return new Arguments();
    }

    private void align(int size) {
        while (block.position() % size != 0) {
            block.put((byte) 0);
        }
    }

    /** Appends a pointer into the GPU's memory. */
    Arguments pointer(long address) {
        align(Long.BYTES);
        block.putLong(address);
        return this;
    }

    /** Appends an {@code int}. */
    Arguments number(int value) {
        align(Integer.BYTES);
        block.putInt(value);
        return this;
    }

    /** Appends a {@code float}. */
    Arguments number(float value) {
        align(Float.BYTES);
        block.putFloat(value);
        return this;
    }

    /** Returns the bytes, from 0 to the buffer's limit. */
    ByteBuffer bytes() {
        return block.duplicate().flip();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Arguments arguments && bytes().equals(arguments.bytes());
    }

    @Override
    public int hashCode() {
        return bytes().hashCode();
    }
}
