package dev.bgem3.app.serve;

/** The index of a text in a rerank request, and its score. */
record Rank(int index, float score) {}
