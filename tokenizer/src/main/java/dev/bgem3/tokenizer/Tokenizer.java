package dev.bgem3.tokenizer;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/**
 * A model's tokenizer: text to ids and back, with the ids that Hugging Face's implementation gives.
 *
 * {@snippet :
 * Tokenizer tokenizer = Tokenizer.load(Path.of("models/bge-m3"));
 * int[] ids = tokenizer.encode("What is BGE M3?").ids();
 * }
 *
 * <p>Every {@code String} is a text: a surrogate without its partner is read as U+FFFD.
 *
 * <p>Immutable and thread-safe. Arguments are never null. Sealed, so that methods can be added: programs call
 * a tokenizer, they do not implement one.
 */
public sealed interface Tokenizer permits XlmRobertaTokenizer {
    /** The file that Hugging Face's tokenizers write. */
    String JSON_FILE = "tokenizer.json";
    /** The file that SentencePiece writes. */
    String SENTENCEPIECE_FILE = "sentencepiece.bpe.model";
    /** The files of a model folder that a tokenizer can be loaded from; the first that is there is read. */
    List<String> FILE_NAMES = List.of(JSON_FILE, SENTENCEPIECE_FILE);

    /**
     * Loads the tokenizer of a model folder, of the kind that its files say: from {@code tokenizer.json} if
     * that is present, else from {@code sentencepiece.bpe.model}.
     *
     * @throws TokenizerException
     *             if neither is there, or the one read is not a tokenizer of a kind that is implemented
     */
    static Tokenizer load(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new TokenizerException(
                    folder + (Files.exists(folder) ? ": not a folder" : ": no such folder")
                            + " (expected: a model folder)");
        }
        Path json = folder.resolve(JSON_FILE);
        // What cannot be looked at may be there: reading it says why not.
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

    /** How many ids there are, the special ones included. */
    int vocabSize();

    /** Encodes a text of any length, whole. */
    Encoding encode(String text);

    /**
     * Encodes a text. If it has more tokens than {@code maxLength}, its last ones are cut off; the special
     * tokens around it stay.
     *
     * @param maxLength
     *            the most tokens wanted, special ones included; at least as many as those around a text
     */
    Encoding encode(String text, int maxLength);

    /** The piece of an id as the vocabulary has it, such as {@code ▁What} or {@code <s>}. */
    String piece(int id);

    /** The id of a piece, if the vocabulary has it. */
    OptionalInt id(String piece);

    /** The text of some ids. Special tokens stand as the vocabulary has them. */
    String decode(int... ids);

    /** The ids before every text, and before the first text of a pair; a new array. */
    int[] prefixIds();

    /** The ids between the two texts of a pair; a new array. */
    int[] separatorIds();

    /** The ids after every text, and after the second text of a pair; a new array. */
    int[] suffixIds();

    /** The ids of all special tokens: those around texts, padding, unknown, mask; ascending, a new array. */
    int[] specialIds();

    /** The id of the token whose vector stands for a text: {@code <s>} or {@code [CLS]}. */
    int clsTokenId();

    /** The id of the token that ends a text and separates a pair's: {@code </s>} or {@code [SEP]}. */
    int sepTokenId();

    /** The id of padding. */
    int padTokenId();

    /** The id that stands for what no piece of the vocabulary covers. */
    int unkTokenId();

    /** The id of the mask. */
    int maskTokenId();
}
