/**
 * The one view of named tensors that every weight format gives: {@link dev.bgem3.weights.TensorFile} is an
 * open file (or a set of shards), {@link dev.bgem3.weights.StoredTensor} one tensor in it.
 *
 * <p>
 * The data stays in the mapped file and is converted to fp32 where it is read, row by row. Whoever opens a
 * {@code TensorFile} closes it; the tensors' data ends with it, and a later read is an
 * {@link IllegalStateException}. Everything here may be read from many threads at once; {@code close} wants
 * the readers to be done. No argument may be null. A file that cannot be used is a
 * {@link dev.bgem3.error.ModelException} that names file and tensor.
 */
package dev.bgem3.weights;
