/**
 * Tokenizers of text encoders; start with {@link dev.bgem3.tokenizer.Tokenizer#load}, the only method that
 * chooses an implementation. So far there is one, {@code XlmRobertaTokenizer}: SentencePiece unigram.
 *
 * <p>A <i>piece</i> is an entry of the vocabulary. A <i>token</i> is an occurrence of a piece in a text. An
 * <i>added token</i>, such as {@code <mask>}, is split out of the text before the model sees it. {@code ▁}
 * (U+2581) marks the beginning of a word in a piece.
 *
 * <p>{@code UnigramEncoder} runs the steps in order: {@code AddedTokens}, {@code Normalizer} (which uses
 * {@code GraphemeClusters} and the {@code Charsmap}), and the search with the {@code PieceTrie} of the
 * {@code Vocabulary}. {@code TokenizerJson} and {@code SentencePieceModel} read the two file formats. Only
 * {@code Tokenizer} and {@code Encoding} are independent of XLM-RoBERTa.
 *
 * <p>Public types are thread-safe; no argument may be null. A file that cannot be read throws a
 * {@link dev.bgem3.tokenizer.TokenizerException}.
 */
package dev.bgem3.tokenizer;
