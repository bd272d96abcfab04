/**
 * The dozen operations that XLM-RoBERTa and the heads of BGE-M3 need, and the contract of their providers.
 *
 * <p>
 * Start at {@link dev.bgem3.kernel.Kernels}, the operations; {@link dev.bgem3.kernel.KernelProvider} is the
 * interface of a backend, and {@link dev.bgem3.kernel.KernelProviders} chooses one. {@code scalar} is the
 * reference: tests check that every other provider computes the same function.
 *
 * <p>
 * Shape letters, here and in every provider: {@code T} tokens of all sequences of a batch, one after another
 * without padding; {@code S} sequences; {@code C} hidden size; {@code NH} heads of {@code D} = C / NH
 * numbers; {@code F} intermediate size; {@code V} vocabulary; {@code M}, {@code N}, {@code K} for a product
 * {@code out[M, N] = in[M, K] · weight[N, K]ᵀ}. All matrices are row-major. The destination is the first
 * argument.
 *
 * <p>
 * Arguments are never null.
 */
package dev.bgem3.kernel;
