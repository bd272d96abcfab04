/** Tokenizers of text encoders, so far XLM-RoBERTa's; depends only on the JDK. */
@SuppressWarnings("module") // The name ends in a digit; the module exported to is compiled after this one.
module dev.bgem3.tokenizer {
    exports dev.bgem3.tokenizer;
    // Utilities for reading files, which core needs too. They are not part of the public API.
    exports dev.bgem3.json to dev.bgem3.core;
    exports dev.bgem3.text to dev.bgem3.core;
}
