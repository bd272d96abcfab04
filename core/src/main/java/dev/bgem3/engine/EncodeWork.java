package dev.bgem3.engine;

/** A text, and what the heads make of it. */
public record EncodeWork(TokenizedText text, HeadSpec heads) {}
