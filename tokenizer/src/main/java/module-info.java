/** Tokenizers of text encoders, XLM-RoBERTa's first; needs nothing but the JDK. */
@SuppressWarnings("module") // The name ends in a digit; the module exported to is compiled after this one.
module dev.bgem3.tokenizer {
    exports dev.bgem3.tokenizer;
    // Small tools that the model's files need as the tokenizer's do; nobody else is meant to use them.
    exports dev.bgem3.json to dev.bgem3.core;
    exports dev.bgem3.text to dev.bgem3.core;
}
