/**
 * Tokenizers of text encoders; {@link dev.bgem3.tokenizer.Tokenizer#load} is where to begin, and the only
 * place that chooses the kind. Today there is one, {@code XlmRobertaTokenizer}: SentencePiece unigram.
 *
 * <p>A <i>piece</i> is an entry of the vocabulary, a <i>token</i> an occurrence of one in a text, an <i>added
 * token</i> one that is split out of the text before the model sees it, such as {@code <mask>}. {@code ▁}
 * (U+2581) marks a word's beginning within a piece.
 *
 * <p>The text goes through {@code UnigramEncoder}, which holds the steps in their order: {@code AddedTokens},
 * {@code Normalizer} (over {@code GraphemeClusters} and the {@code Charsmap}), and the search over the
 * {@code PieceTrie} of the {@code Vocabulary}. {@code TokenizerJson} and {@code SentencePieceModel} read
 * the two files. What knows nothing of XLM-RoBERTa is {@code Tokenizer} and {@code Encoding}.
 *
 * <p>Public types are thread-safe; no argument may be null. Files that cannot be read are told by
 * {@link dev.bgem3.tokenizer.TokenizerException}.
 */
package dev.bgem3.tokenizer;
