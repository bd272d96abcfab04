package dev.bgem3.tokenizer;

/**
 * A token that is split out of the text before the unigram model sees it.
 *
 * @param id its id
 * @param content its text
 * @param normalized whether it is looked for in the normalised text ({@code "normalized"}) and not in the raw
 * one
 * @param stripsLeft whether it takes the white space before it ({@code "lstrip"})
 * @param stripsRight whether it takes the white space after it ({@code "rstrip"})
 */
record AddedToken(int id, String content, boolean normalized, boolean stripsLeft, boolean stripsRight) {}
