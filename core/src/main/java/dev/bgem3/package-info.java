/**
 * BGE-M3 (Chen et al. 2024) embeddings: loads a model folder and computes dense vectors, lexical weights and
 * ColBERT vectors of texts.
 *
 * <p>
 * Start with {@link dev.bgem3.BgeM3}, which loads a folder, encodes texts and scores pairs.
 * {@link dev.bgem3.LoadOptions} say how a model is loaded, {@link dev.bgem3.EncodeOptions} what a call
 * computes, and {@link dev.bgem3.RunOptions} how it runs; the result is an {@link dev.bgem3.Embedding}.
 * {@link dev.bgem3.Reranker} loads a cross-encoder and scores pairs with it.
 * {@link dev.bgem3.convert.ModelConverter} rewrites a folder in another element type, and
 * {@link dev.bgem3.convert.SyntheticModel} writes random models of any size.
 *
 * <p>
 * A loaded model may be used by many threads at once. Everything else here is immutable, except for builders,
 * which are not thread-safe: options, results and descriptions of a model. For speed, the arrays in results
 * are shared with the caller; they must not be changed.
 *
 * <p>
 * A null argument causes a {@link java.lang.NullPointerException}, except that a null text in a list causes
 * an {@link dev.bgem3.error.InputException} with its number. No method returns null. Problems with a model,
 * an input or the machine cause a {@link dev.bgem3.error.BgeM3Exception}.
 */
package dev.bgem3;
