/**
 * Benchmarks of the kernels, the tokenizer and the whole model; {@link dev.bgem3.bench.Benchmarks} runs them.
 *
 * <p>
 * Each compares its answers with the scalar reference, or with what must come out, before anything is timed,
 * and throws where they differ. Scores are passes a second; the secondary results are what to look at: {@code
 * gigaFlops} counts 10⁹ floating-point operations a second, {@code tokens} tokens a second, {@code
 * megaElements} 10⁶ elements a second, {@code megabytes} 10⁶ bytes of UTF-8 a second. Operations are those of
 * the formula, a multiplication and an addition counting as two.
 *
 * <p>
 * Shape letters are those of {@code dev.bgem3.kernel}: T tokens, C hidden, F intermediate, D head size.
 */
package dev.bgem3.bench;
