/**
 * Models rewritten: {@link dev.bgem3.convert.ModelConverter} writes a folder of any readable layout as
 * safetensors of another element type, {@link dev.bgem3.convert.SyntheticModel} writes random models of any
 * size, for benchmarks. A folder appears under its name only when it is complete.
 */
package dev.bgem3.convert;
