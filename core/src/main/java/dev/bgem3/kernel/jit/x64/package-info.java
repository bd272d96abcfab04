/**
 * Kernels for x86-64, in two sets: {@code Avx512Kernels}, and {@code Avx2Kernels} for processors without AVX-512, which with AVX-VNNI
 * have int8 too. {@code InstructionSet} chooses between them; the system property {@code bgem3.jit.isa} ({@code avx512} or
 * {@code avx2}) forces a set, so that one machine can test both.
 *
 * <p>
 * Classes whose names begin with {@code Avx512} or {@code Avx2} belong to that set; a class of one set is named after its twin in the
 * other. {@code …TileKernel} is the matrix product's inner loop, {@code Avx512TileEnds} finishes a tile's sums and stores them,
 * {@code …SoftmaxKernel} and {@code …NormKernel} do the row-wise rest, {@code …OperandKernel} and {@code Avx512PanelKernel} convert
 * operands, and {@code …VectorCode} holds exp, GELU and sums over lanes as sequences of instructions. Each computes what its
 * counterpart in {@code kernel.vector} and the reference in {@code kernel.scalar} compute.
 *
 * <p>
 * Code checks no bounds: Java checks every shape before a call, and everything that code touches lies off the heap.
 */
package dev.bgem3.kernel.jit.x64;
