package dev.bgem3;

/** A text, and what the heads make of it. */
record EncodeWork(TokenizedText text, HeadChoice heads) {}
