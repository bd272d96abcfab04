/**
 * A model folder's configuration and weights, the families of models, and the forward pass, written once for
 * every backend.
 *
 * <p> Start at {@link dev.bgem3.model.ModelFolder}, which opens a folder, and {@code BertEncoder}, which
 * reads like the paper (Devlin et al. 2018's post-norm encoder, which Conneau et al. 2020 use). What differs
 * from family to family is asked of {@link dev.bgem3.model.ModelFamily}; what its tensors are called, how
 * large they are and what each is for stands in its {@link dev.bgem3.model.TensorTable}. Shape letters as in
 * {@link dev.bgem3.kernel}.
 */
package dev.bgem3.model;
