/**
 * Kernels for x86-64, in two sets: {@code Avx512Kernels}, and {@code Avx2Kernels} for processors without
 * AVX-512, which offers int8 on processors with AVX-VNNI. {@code InstructionSet} chooses between them; the
 * system property {@code bgem3.jit.isa} ({@code avx512} or {@code avx2}) forces a set, so that one machine
 * can test both.
 *
 * <p>
 * Classes whose names begin with {@code Avx512} or {@code Avx2} belong to that set; the others are used by
 * both, with the width of {@code Vectors}. {@code Avx512TileKernel} and {@code Avx2TileKernel} are the inner
 * loops of the matrix product, {@code Avx512TileEnds} finishes a tile's sums, {@code Avx512SoftmaxKernel} and
 * {@code Avx2SoftmaxKernel} are for attention, {@code NormKernel} is the layer norm, {@code OperandKernel}
 * and {@code Avx512PanelKernel} convert operands, and {@code VectorCode} emits exp, GELU and sums over lanes.
 * Each kernel computes what its counterpart in {@code kernel.vector} and the reference in
 * {@code kernel.scalar} compute.
 *
 * <p>
 * Code does not check bounds: Java checks every shape before a call, and all memory that code accesses is off
 * the heap.
 */
package dev.bgem3.kernel.jit.x64;
