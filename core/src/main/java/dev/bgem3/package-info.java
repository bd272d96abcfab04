/**
 * BGE-M3 (Chen et al. 2024): a model folder in; dense vectors, lexical weights and ColBERT vectors of texts
 * out.
 *
 * <p>
 * Start at {@link dev.bgem3.BgeM3}, which loads a folder, encodes texts and scores pairs.
 * {@link dev.bgem3.LoadOptions} says how a model is loaded, {@link dev.bgem3.EncodeOptions} what a call
 * computes, {@link dev.bgem3.RunOptions} how it runs; an {@link dev.bgem3.Embedding} is what comes back.
 * {@link dev.bgem3.Reranker} loads a cross-encoder and scores pairs with that. {@link
 * dev.bgem3.convert.ModelConverter} rewrites a folder in another element type, {@link
 * dev.bgem3.convert.SyntheticModel} writes random models of any size.
 *
 * <p>
 * A loaded model may be used by many threads at once, and everything else here is immutable: options, results
 * and what describes a model. The arrays in results are shared with the caller, for speed, and must not be
 * changed. Builders are for one thread.
 *
 * <p>
 * No argument may be null: that is a {@link java.lang.NullPointerException}, except that a null text in a
 * list is an {@link dev.bgem3.error.InputException} with its number. No method returns null. What is wrong
 * with a model, an input or the machine is a {@link dev.bgem3.error.BgeM3Exception}.
 */
package dev.bgem3;
