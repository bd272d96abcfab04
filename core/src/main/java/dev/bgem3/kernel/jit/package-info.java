/**
 * The operations in machine code that this package assembles when a precision is first asked for, for x86-64 with AVX-512 or with AVX2.
 *
 * <p>
 * Start at {@link dev.bgem3.kernel.jit.JitKernels}; {@code TileKernel} is the matrix product's inner loop, {@code TileEnds} what happens to a
 * tile on its way out, {@code SoftmaxKernel} and {@code NormKernel} the row-wise rest, {@code VectorCode} exp, GELU and sums over
 * lanes as sequences of instructions. Each has a twin in {@code kernel.vector}, which says why, and the reference in
 * {@code kernel.scalar}.
 *
 * <p>
 * There are two sets of kernels, {@code InstructionSet} chooses: those of {@code JitKernels} in AVX-512, and those of
 * {@code Avx2Kernels}, each class named after the one whose algorithm it follows, for processors without it; with AVX-VNNI they
 * have int8 too. The system property {@code bgem3.jit.isa} ({@code avx512} or {@code avx2}) forces a set, so that one machine can
 * test both.
 *
 * <p>
 * Code checks no bounds: Java checks every shape before a call, and everything that code touches lies off the heap.
 */
package dev.bgem3.kernel.jit;
