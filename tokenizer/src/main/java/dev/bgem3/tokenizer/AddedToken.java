package dev.bgem3.tokenizer;

/**
 * A token that is split out of the text before the unigram model sees it.
 *
 * @param id its id
 * @param content its text
 * @param normalized whether to search the normalised text for it ({@code "normalized"}), not the raw text
 * @param stripsLeft whether it includes the white space before it ({@code "lstrip"})
 * @param stripsRight whether it includes the white space after it ({@code "rstrip"})
 */
record AddedToken(int id, String content, boolean normalized, boolean stripsLeft, boolean stripsRight) {}
