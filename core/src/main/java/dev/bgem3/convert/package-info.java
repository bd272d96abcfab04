/**
 * Writes model folders. {@link dev.bgem3.convert.ModelConverter} converts a folder of any readable layout to
 * safetensors with another element type; {@link dev.bgem3.convert.SyntheticModel} writes random models of
 * any size for benchmarks. A folder appears under its name only when it is complete.
 */
package dev.bgem3.convert;
