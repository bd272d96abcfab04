package dev.bgem3.bench;

import dev.bgem3.ColbertVectors;
import dev.bgem3.DenseVector;
import dev.bgem3.Embedding;
import dev.bgem3.LexicalWeights;

/** The three outputs of a text. */
record Outputs(DenseVector dense, LexicalWeights lexical, ColbertVectors colbert) {
    static Outputs of(Embedding embedding) {
        return new Outputs(embedding.dense(), embedding.lexicalWeights(), embedding.colbert());
    }
}
