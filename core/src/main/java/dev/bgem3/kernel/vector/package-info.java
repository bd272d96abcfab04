/**
 * The operations on the Vector API ({@code jdk.incubator.vector}), for any CPU that it has lanes for.
 *
 * <p>
 * Start at {@link dev.bgem3.kernel.vector.VectorKernels}; {@code Product} is the matrix product and its
 * layout, {@code MicroKernel} its inner loop, {@code Attention} the tiled softmax. Only this package imports
 * the incubator module, and {@link dev.bgem3.kernel.vector.VectorProvider} alone is loaded before the module
 * is known to be there.
 *
 * <p>
 * Memory: weights and tensors lie off the heap, the small blocks that a worker computes on (rows of an
 * operand, tiles of a result) on it; an inner loop sees one kind for each of its arguments. Sums over lanes
 * are never {@code reduceLanes(ADD)}, whose order the Vector API leaves open: results must have the same bits
 * in every batch.
 */
package dev.bgem3.kernel.vector;
