/**
 * BGE-M3's three heads on the encoder's output: dense vectors, lexical weights and ColBERT vectors (Chen et
 * al. 2024, section 3.2); and the classifier of a cross-encoder. Each turns hidden states [T, C] into plain
 * arrays. {@link dev.bgem3.kernel} defines the shape letters.
 */
package dev.bgem3.head;
