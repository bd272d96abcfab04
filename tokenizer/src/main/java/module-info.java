/** XLM-RoBERTa's SentencePiece unigram tokenizer; it needs nothing but the JDK. */
@SuppressWarnings("module") // The product's name ends in a digit.
module dev.bgem3.tokenizer {
    exports dev.bgem3.tokenizer;
}
