package dev.bgem3.tokenizer;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * A model's tokenizer, which converts text to the ids that Hugging Face's implementation gives, and back.
 *
 * {@snippet file="dev/bgem3/tokenizer/sample/TokenizerSamplesTest.java" region="encode"}
 *
 * <p>Any {@code String} is a valid text: a lone surrogate is read as U+FFFD.
 *
 * <p>Immutable and thread-safe. No argument may be null. The interface is sealed so that methods can be
 * added: programs call a tokenizer but do not implement one.
 */
public sealed interface Tokenizer permits XlmRobertaTokenizer {
    /** The name of the file that Hugging Face's tokenizers write. */
    String JSON_FILE = "tokenizer.json";
    /** The name of the file that SentencePiece writes. */
    String SENTENCEPIECE_FILE = "sentencepiece.bpe.model";
    /** The names of the tokenizer files in a model folder, in order of preference. */
    List<String> FILE_NAMES = List.of(JSON_FILE, SENTENCEPIECE_FILE);

    /**
     * Loads the tokenizer of a model folder from {@code tokenizer.json} if that exists, otherwise from
     * {@code sentencepiece.bpe.model}.
     *
     * @throws TokenizerException
     *             if neither exists, or the file cannot be read or is not a supported kind of tokenizer
     */
    static Tokenizer load(Path folder) {
        Objects.requireNonNull(folder, "folder");
        if (!Files.isDirectory(folder)) {
            throw new TokenizerException(
                    folder + (Files.exists(folder) ? ": not a folder" : ": no such folder")
                            + " (expected: a model folder)");
        }
        Path json = folder.resolve(JSON_FILE);
        // If the access check fails, the file may still exist; reading it then throws with the reason.
        if (!Files.notExists(json)) {
            return XlmRobertaTokenizer.fromTokenizerJson(json);
        }
        Path model = folder.resolve(SENTENCEPIECE_FILE);
        if (!Files.notExists(model)) {
            return XlmRobertaTokenizer.fromSentencePiece(model);
        }
        throw new TokenizerException(
                folder + ": no tokenizer (expected: " + String.join(" or ", FILE_NAMES) + ")");
    }

    /**
     * Returns a tokenizer that converts each text to lower case first, as sentence-transformers does for a
     * model whose {@code sentence_bert_config.json} says {@code do_lower_case}. Offsets are those of the text
     * as it was.
     *
     * @throws TokenizerException
     *             if two added tokens become the same
     */
    Tokenizer lowerCasing();

    /** Returns the number of ids, including special ones. */
    int vocabSize();

    /** Encodes a text of any length without truncation. */
    Encoding encode(String text);

    /**
     * Encodes a text and truncates it to {@code maxLength} tokens; the special tokens around it are kept.
     *
     * @param maxLength
     *            the maximum number of tokens, including the special tokens around the text; at least their
     *            number
     */
    Encoding encode(String text, int maxLength);

    /** Returns the piece of an id as it is in the vocabulary, such as {@code ▁What} or {@code <s>}. */
    String piece(int id);

    /** Returns the id of a piece, or empty if it is not in the vocabulary. */
    OptionalInt id(String piece);

    /** Returns the text of the ids; special tokens appear as in the vocabulary. */
    String decode(int... ids);

    /** Returns a new array of the ids before every text, and before the first text of a pair. */
    int[] prefixIds();

    /** Returns a new array of the ids between the two texts of a pair. */
    int[] separatorIds();

    /** Returns a new array of the ids after every text, and after the second text of a pair. */
    int[] suffixIds();

    /** Returns a new array of all special ids, ascending: those around texts, padding, unknown and mask. */
    int[] specialIds();

    /** Returns the id of the token whose vector represents a text: {@code <s>} or {@code [CLS]}. */
    int clsTokenId();

    /** Returns the id of the token that ends a text and separates a pair: {@code </s>} or {@code [SEP]}. */
    int sepTokenId();

    /** Returns the id of the padding token. */
    int padTokenId();

    /** Returns the id for characters that no piece of the vocabulary covers. */
    int unkTokenId();

    /** Returns the id of the mask token. */
    int maskTokenId();
}
