/**
 * Stores linear layers in a file beside their model, in the memory layout of some kernels, so that the next
 * start maps the file instead of packing the layers again. {@link dev.bgem3.packed.PackedFile} documents the
 * format; {@link dev.bgem3.packed.ModelDigest} ties a file to its model. This package does not depend on the
 * kernels' layouts: each is a name and bytes. No argument and no result is null.
 */
package dev.bgem3.packed;
