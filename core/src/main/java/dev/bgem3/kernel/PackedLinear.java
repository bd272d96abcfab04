package dev.bgem3.kernel;

import java.lang.foreign.MemorySegment;

/**
 * A linear layer, weight and bias, as packed by a provider: bytes that can be stored in a file and returned
 * by {@link MatrixSource#packed}.
 *
 * @param layout
 *            the layout of the bytes
 * @param bytes
 *            valid until the kernels are closed
 */
public record PackedLinear(PackedLayout layout, MemorySegment bytes) {}
