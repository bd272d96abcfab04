/**
 * The operations on the Vector API ({@code jdk.incubator.vector}), for any CPU with vectors.
 *
 * <p>
 * Start at {@link dev.bgem3.kernel.vector.VectorKernels}; {@code Product} is the matrix product and its
 * layout, {@code MicroKernel} its inner loop, {@code Attention} the tiled softmax. Only this package imports
 * the incubator module, and only {@link dev.bgem3.kernel.vector.VectorProvider} is loaded before the module
 * is known to be present.
 *
 * <p>
 * Memory: weights and tensors are off the heap; the small blocks that a worker computes on (rows of an
 * operand, tiles of a result) are on it. Each argument of an inner loop is always of the same kind. Sums over
 * lanes never use {@code reduceLanes(ADD)}, whose order the Vector API does not specify: results must have
 * the same bits in every batch.
 */
package dev.bgem3.kernel.vector;
