/**
 * XLM-RoBERTa: a model folder's configuration and weights, and the forward pass, written once for every
 * backend.
 *
 * <p>
 * Start at {@link dev.bgem3.model.ModelFolder}, which opens a folder, and
 * {@link dev.bgem3.model.XlmRobertaEncoder}, which reads like the paper (Conneau et al. 2020, on Devlin et
 * al. 2018's post-norm encoder). Shape letters as in {@link dev.bgem3.kernel}.
 */
package dev.bgem3.model;
