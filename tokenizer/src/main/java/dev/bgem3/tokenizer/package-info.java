/** SentencePiece unigram tokenization as XLM-RoBERTa uses it. */
package dev.bgem3.tokenizer;
