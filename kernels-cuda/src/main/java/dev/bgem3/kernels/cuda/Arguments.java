package dev.bgem3.kernels.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A kernel's arguments as one block of bytes, each aligned to its own size as in a C struct (CUDA driver API,
 * {@code CU_LAUNCH_PARAM_BUFFER_POINTER}). Equal blocks are equal arguments.
 */
final class Arguments {
    /** A block's most bytes: more than any kernel takes. */
    static final int MAX_BYTES = 96;

    private final ByteBuffer block = ByteBuffer.allocate(MAX_BYTES).order(ByteOrder.nativeOrder());

    /** An empty block. */
    static Arguments of() {
        return new Arguments();
    }

    private void align(int size) {
        while (block.position() % size != 0) {
            block.put((byte) 0);
        }
    }

    /** A pointer into the card's memory. */
    Arguments pointer(long address) {
        align(Long.BYTES);
        block.putLong(address);
        return this;
    }

    /** An {@code int}. */
    Arguments number(int value) {
        align(Integer.BYTES);
        block.putInt(value);
        return this;
    }

    /** A {@code float}. */
    Arguments number(float value) {
        align(Float.BYTES);
        block.putFloat(value);
        return this;
    }

    /** The bytes, from 0 to the buffer's limit. */
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
