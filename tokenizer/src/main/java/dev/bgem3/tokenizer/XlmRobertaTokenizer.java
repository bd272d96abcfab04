package dev.bgem3.tokenizer;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;

/**
 * XLM-RoBERTa's tokenizer: text to ids and back, with the ids that Hugging Face's implementation gives.
 *
 * <p>Added tokens such as {@code <mask>} are split out of the text; the rest is normalised by SentencePiece's
 * precompiled charsmap, split on Unicode white space, and each word, {@code ▁} before it, is cut into the
 * pieces with the best sum of scores (T. Kudo, "Subword Regularization", 2018). Time is linear in the text.
 *
 * <p>Every {@code String} is a text: a surrogate without its partner is read as U+FFFD.
 *
 * <p>Immutable and thread-safe. Arguments are never null.
 */
public final class XlmRobertaTokenizer {
    private static final String TOKENIZER_JSON = "tokenizer.json";
    private static final String SENTENCEPIECE_MODEL = "sentencepiece.bpe.model";

    private final Pipeline pipeline;
    private final Vocabulary vocabulary;
    private final int clsTokenId;
    private final int padTokenId;
    private final int eosTokenId;
    private final int maskTokenId;

    private XlmRobertaTokenizer(SourceFile file, Pipeline pipeline) {
        this.pipeline = pipeline;
        vocabulary = pipeline.vocabulary();
        clsTokenId = vocabulary.required(file, "<s>");
        padTokenId = vocabulary.required(file, "<pad>");
        eosTokenId = vocabulary.required(file, "</s>");
        maskTokenId = vocabulary.required(file, "<mask>");
    }

    /**
     * Loads the tokenizer of a model folder: from {@code tokenizer.json} where that is present, else from
     * {@code sentencepiece.bpe.model}.
     *
     * @throws TokenizerException where neither is there, or the one read is not a tokenizer of this kind
     */
    public static XlmRobertaTokenizer load(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new TokenizerException(
                    folder + (Files.exists(folder) ? ": not a folder" : ": no such folder")
                            + " (expected: a model folder)");
        }
        Path json = folder.resolve(TOKENIZER_JSON);
        // What cannot be looked at may be there: reading it says why not.
        if (!Files.notExists(json)) {
            return fromTokenizerJson(json);
        }
        Path model = folder.resolve(SENTENCEPIECE_MODEL);
        if (!Files.notExists(model)) {
            return fromSentencePiece(model);
        }
        throw new TokenizerException(
                folder + ": no tokenizer (expected: " + TOKENIZER_JSON + " or " + SENTENCEPIECE_MODEL + ")");
    }

    /**
     * Loads a {@code tokenizer.json} as Hugging Face's tokenizers write it.
     *
     * @throws TokenizerException where it cannot be read or is not a tokenizer of this kind
     */
    public static XlmRobertaTokenizer fromTokenizerJson(Path file) {
        SourceFile source = SourceFile.read(file);
        return new XlmRobertaTokenizer(source, new TokenizerJson(source).read());
    }

    /**
     * Loads a SentencePiece unigram model, {@code sentencepiece.bpe.model}.
     *
     * @throws TokenizerException where it cannot be read or is not a tokenizer of this kind
     */
    public static XlmRobertaTokenizer fromSentencePiece(Path file) {
        SourceFile source = SourceFile.read(file);
        return new XlmRobertaTokenizer(source, new SentencePieceModel(source).read());
    }

    /** How many ids there are, the special ones and {@code <mask>} included. */
    public int vocabSize() {
        return vocabulary.size();
    }

    /** Encodes a text of any length, whole. */
    public Encoding encode(String text) {
        return encode(text, Integer.MAX_VALUE);
    }

    /**
     * Encodes a text, cut to its first {@code maxLength - 2} pieces and then {@code </s>} where it has more.
     *
     * @param maxLength the most tokens wanted, {@code <s>} and {@code </s>} included; at least 2
     */
    public Encoding encode(String text, int maxLength) {
        if (maxLength < 2) {
            throw new IllegalArgumentException("maxLength: " + maxLength + " (expected: at least 2)");
        }
        Encoder encoder = new Encoder(pipeline, text, false);
        int pieces = encoder.encode();
        int kept = Math.min(pieces, maxLength - 2);
        int[] ids = new int[kept + 2];
        ids[0] = clsTokenId;
        encoder.copyIds(ids, 1, kept);
        ids[kept + 1] = eosTokenId;
        return new Encoding(pipeline, text, ids, pieces + 2);
    }

    /** The piece of an id as the vocabulary has it, such as {@code ▁What} or {@code <s>}. */
    public String piece(int id) {
        if (id < 0 || id >= vocabulary.size()) {
            throw new IllegalArgumentException(
                    "id: " + id + " (expected: 0.." + (vocabulary.size() - 1) + ")");
        }
        return vocabulary.piece(id);
    }

    /** The id of a piece, if the vocabulary has it. */
    public OptionalInt id(String piece) {
        int id = vocabulary.find(piece);
        return id == PieceTrie.NONE ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /**
     * The text of some ids: their pieces one after another, each {@code ▁} a space, but none at the very
     * beginning. Special tokens stand as they are written. The decoding of the {@code ▁} alone is empty.
     */
    public String decode(int... ids) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < ids.length; i++) {
            // The first piece loses every mark in it, as in Hugging Face's Metaspace decoder.
            text.append(piece(ids[i]).replace(String.valueOf(Encoder.WORD_MARK), i == 0 ? "" : " "));
        }
        return text.toString();
    }

    /** The id of {@code <s>}, the first token of every text. */
    public int clsTokenId() {
        return clsTokenId;
    }

    /** The id of {@code <pad>}. */
    public int padTokenId() {
        return padTokenId;
    }

    /** The id of {@code </s>}, the last token of every text. */
    public int eosTokenId() {
        return eosTokenId;
    }

    /** The id of {@code <unk>}, which stands for characters that no piece covers. */
    public int unkTokenId() {
        return pipeline.unknownId();
    }

    /** The id of {@code <mask>}. */
    public int maskTokenId() {
        return maskTokenId;
    }
}
