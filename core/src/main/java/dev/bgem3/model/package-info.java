/**
 * A model folder's configuration and weights, the families of models, and the forward pass, written once for
 * every backend.
 *
 * <p> Start with {@link dev.bgem3.model.ModelFolder}, which opens a folder, and {@code BertEncoder}, which
 * reads like the paper (Devlin et al. 2018's post-norm encoder, which Conneau et al. 2020 use). A
 * {@link dev.bgem3.model.ModelFamily} has everything that differs between families; its
 * {@link dev.bgem3.model.TensorTable} gives the names, shapes and roles of the tensors.
 * {@link dev.bgem3.kernel} defines the shape letters.
 */
package dev.bgem3.model;
