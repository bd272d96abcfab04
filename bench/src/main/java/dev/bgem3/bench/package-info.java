/**
 * Benchmarks of the kernels, the tokenizer and the whole model; {@link dev.bgem3.bench.Benchmarks} runs them.
 *
 * <p>
 * Before anything is timed, each benchmark compares its results with the scalar reference or another known
 * result, and throws if they differ. The scores are passes per second; the secondary results are the more
 * useful ones: {@code gigaFlops} counts 10⁹ floating-point operations per second, {@code tokens} tokens per
 * second, {@code megaElements} 10⁶ elements per second, and {@code megabytes} 10⁶ bytes of UTF-8 per second.
 * Operations are those of the formula; a multiplication and an addition count as two.
 *
 * <p>
 * Shape letters are those of {@code dev.bgem3.kernel}: T tokens, C hidden, F intermediate, D head size.
 */
package dev.bgem3.bench;
