/**
 * Linear layers kept in a file beside their model as some kernels lay them out in memory, so that the next
 * start maps them in place of packing them. {@link dev.bgem3.packed.PackedFile} has the format, {@link
 * dev.bgem3.packed.ModelDigest} what ties a file to its model. Nothing here knows the kernels: a layout is a
 * name and bytes. No argument and no result is null.
 */
package dev.bgem3.packed;
