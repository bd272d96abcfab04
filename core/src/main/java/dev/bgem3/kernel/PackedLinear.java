package dev.bgem3.kernel;

import java.lang.foreign.MemorySegment;

/**
 * A linear layer, weight and bias, as a provider lays it out in memory: bytes that may be kept in a file and
 * handed back by {@link MatrixSource#packed}.
 *
 * @param layout
 *            what the bytes mean
 * @param bytes
 *            valid until the kernels are closed
 */
public record PackedLinear(PackedLayout layout, MemorySegment bytes) {}
