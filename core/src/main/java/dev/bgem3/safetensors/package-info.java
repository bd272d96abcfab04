/**
 * Reads and writes the safetensors format, and reads shards with an index.
 *
 * <pre>
 * [u64]   header length N, little-endian; at most 100,000,000
 * [N]     header: a JSON object from tensor name to {"dtype", "shape", "data_offsets": [begin, end]},
 *         padded with spaces at the end; "__metadata__" may map strings to strings
 * [rest]  the tensors' bytes, little-endian, row-major; offsets count from here and cover it without
 *         holes or overlaps
 * </pre>
 *
 * @see <a href="https://github.com/huggingface/safetensors#format">The format's specification</a>
 */
package dev.bgem3.safetensors;
