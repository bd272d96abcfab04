/**
 * BGE-M3's three heads on the encoder's output: dense vectors, lexical weights, ColBERT vectors (Chen et al.
 * 2024, section 3.2), and a cross-encoder's classifier. Each turns hidden states [T, C] into plain arrays;
 * shape letters as in {@link dev.bgem3.kernel}.
 */
package dev.bgem3.head;
