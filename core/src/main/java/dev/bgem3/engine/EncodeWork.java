package dev.bgem3.engine;

/** A text and the outputs to compute for it. */
public record EncodeWork(TokenizedText text, HeadSpec heads) {}
