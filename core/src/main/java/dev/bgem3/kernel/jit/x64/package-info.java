/**
 * Kernels for x86-64, in two sets: {@code Avx512Kernels}, and {@code Avx2Kernels} for processors without
 * AVX-512, which with AVX-VNNI have int8 too. {@code InstructionSet} chooses between them; the system
 * property {@code bgem3.jit.isa} ({@code avx512} or {@code avx2}) forces a set, so that one machine can test
 * both.
 *
 * <p>
 * Classes whose names begin with {@code Avx512} or {@code Avx2} belong to that set; the others serve both, at
 * the width that {@code Vectors} says. {@code Avx512TileKernel} and {@code Avx2TileKernel} are the inner
 * loops of the matrix product, {@code Avx512TileEnds} finishes a tile's sums, {@code Avx512SoftmaxKernel} and
 * {@code Avx2SoftmaxKernel} serve attention, {@code NormKernel} is the layer norm, {@code OperandKernel} and
 * {@code Avx512PanelKernel} convert operands, and {@code VectorCode} emits exp, GELU and sums over lanes.
 * Each kernel computes what its counterpart in {@code kernel.vector} and the reference in
 * {@code kernel.scalar} compute.
 *
 * <p>
 * Code checks no bounds: Java checks every shape before a call, and everything that code touches lies off the
 * heap.
 */
package dev.bgem3.kernel.jit.x64;
