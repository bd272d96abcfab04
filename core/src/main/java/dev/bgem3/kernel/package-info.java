/**
 * The dozen operations that XLM-RoBERTa and BGE-M3's heads need, and the contract of those who provide them.
 *
 * <p>
 * Start at {@link dev.bgem3.kernel.Kernels}, the operations; {@link dev.bgem3.kernel.KernelProvider} is what
 * a backend implements, and {@link dev.bgem3.kernel.KernelProviders} chooses one. {@code scalar} is the
 * reference: every other provider is the same function, and a test says so.
 *
 * <p>
 * Shape letters, here and in every provider: {@code T} tokens of all sequences of a batch, one after another
 * without padding; {@code S} sequences; {@code C} hidden size; {@code NH} heads of {@code D} = C / NH
 * numbers; {@code F} intermediate size; {@code V} vocabulary; {@code M}, {@code N}, {@code K} for a bare
 * product {@code out[M, N] = in[M, K] · weight[N, K]ᵀ}. All matrices are row-major. The destination is the
 * first argument.
 *
 * <p>
 * Nothing here accepts null.
 */
package dev.bgem3.kernel;
