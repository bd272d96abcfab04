/**
 * The common view of named tensors for all weight formats: {@link dev.bgem3.weights.TensorFile} is an open
 * file (or a set of shards), {@link dev.bgem3.weights.StoredTensor} one tensor in it.
 *
 * <p>
 * The data stays in the mapped file and is converted to fp32 row by row when it is read. Whoever opens a
 * {@code TensorFile} closes it, which also unmaps the tensors' data: a later read throws an
 * {@link IllegalStateException}. Many threads may read at once, but all of them must be done before
 * {@code close}. No argument may be null. A file that cannot be used throws a
 * {@link dev.bgem3.error.ModelException} that names the file and the tensor.
 */
package dev.bgem3.weights;
