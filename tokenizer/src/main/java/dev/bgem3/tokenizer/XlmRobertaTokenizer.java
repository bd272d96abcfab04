package dev.bgem3.tokenizer;

import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * XLM-RoBERTa's tokenizer: {@code <s>}, SentencePiece unigram pieces, {@code </s>}.
 *
 * <p>Added tokens such as {@code <mask>} are split out of the text. SentencePiece's precompiled charsmap
 * normalises the rest, which is then split on Unicode white space. Each word, with {@code ▁} before it, is
 * split into the pieces with the best sum of scores (T. Kudo, "Subword Regularization", 2018). The time is
 * linear in the length of the text.
 */
final class XlmRobertaTokenizer implements Tokenizer {
    /** The number of tokens around a text: {@code <s>} and {@code </s>}. */
    private static final int AROUND_TEXT = 2;

    private final Pipeline pipeline;
    private final Vocabulary vocabulary;
    private final int clsTokenId;
    private final int padTokenId;
    private final int sepTokenId;
    private final int maskTokenId;

    private XlmRobertaTokenizer(SourceFile file, Pipeline pipeline) {
        this.pipeline = pipeline;
        vocabulary = pipeline.vocabulary();
        clsTokenId = vocabulary.required(file, "<s>");
        padTokenId = vocabulary.required(file, "<pad>");
        sepTokenId = vocabulary.required(file, "</s>");
        maskTokenId = vocabulary.required(file, "<mask>");
    }

    private XlmRobertaTokenizer(XlmRobertaTokenizer cased) {
        pipeline = cased.pipeline.lowerCasing();
        vocabulary = cased.vocabulary;
        clsTokenId = cased.clsTokenId;
        padTokenId = cased.padTokenId;
        sepTokenId = cased.sepTokenId;
        maskTokenId = cased.maskTokenId;
    }

    /**
     * Loads a {@code tokenizer.json} as written by Hugging Face's tokenizers.
     *
     * @throws TokenizerException if it cannot be read or is not a tokenizer of this kind
     */
    static XlmRobertaTokenizer fromTokenizerJson(Path file) {
        return load(file, true, source -> new TokenizerJson(source).read());
    }

    /**
     * Loads a SentencePiece unigram model, {@code sentencepiece.bpe.model}.
     *
     * @throws TokenizerException if it cannot be read or is not a tokenizer of this kind
     */
    static XlmRobertaTokenizer fromSentencePiece(Path file) {
        return load(file, false, source -> new SentencePieceModel(source).read());
    }

    private static XlmRobertaTokenizer load(Path file, boolean isText,
            Function<SourceFile, Pipeline> reading) {
        SourceFile source = SourceFile.read(file);
        try {
            return new XlmRobertaTokenizer(source, reading.apply(source));
        } catch (TokenizerException e) {
            throw source.recognised(isText, e);
        }
    }

    @Override
    public Tokenizer lowerCasing() {
        return new XlmRobertaTokenizer(this);
    }

    @Override
    public int vocabSize() {
        return vocabulary.size();
    }

    @Override
    public Encoding encode(String text) {
        return encode(text, Integer.MAX_VALUE);
    }

    @Override
    public Encoding encode(String text, int maxLength) {
        if (maxLength < AROUND_TEXT) {
            throw new IllegalArgumentException(
                    "maxLength: " + maxLength + " (expected: at least " + AROUND_TEXT + ")");
        }
        UnigramEncoder encoder = new UnigramEncoder(pipeline, text, false);
        int pieces = encoder.encode();
        int kept = Math.min(pieces, maxLength - AROUND_TEXT);
        int[] ids = new int[kept + AROUND_TEXT];
        ids[0] = clsTokenId;
        encoder.copyIds(ids, 1, kept);
        ids[kept + 1] = sepTokenId;
        return new Encoding(ids, pieces + AROUND_TEXT, () -> offsets(text, kept, kept < pieces));
    }

    /**
     * Computes the offsets of a text's tokens by encoding it again.
     *
     * @param kept
     *            the number of pieces kept
     * @return the starts of all tokens, then their ends
     */
    private int[] offsets(String text, int kept, boolean cut) {
        UnigramEncoder encoder = new UnigramEncoder(pipeline, text, true);
        encoder.encode();
        int length = kept + AROUND_TEXT;
        int[] offsets = new int[length * 2];
        for (int i = 1; i < length - 1; i++) {
            offsets[i] = encoder.start(i - 1);
            offsets[length + i] = encoder.end(i - 1);
        }
        int end = cut ? offsets[2 * length - 2] : text.length();
        offsets[length - 1] = end;
        offsets[2 * length - 1] = end;
        return offsets;
    }

    @Override
    public String piece(int id) {
        if (id < 0 || id >= vocabulary.size()) {
            throw new IllegalArgumentException(
                    "id: " + id + " (expected: 0.." + (vocabulary.size() - 1) + ")");
        }
        return vocabulary.piece(id);
    }

    @Override
    public OptionalInt id(String piece) {
        int id = vocabulary.find(piece);
        return id == PieceTrie.NONE ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /**
     * Returns the concatenated pieces with each {@code ▁} replaced by a space, or removed from the first
     * piece. A lone {@code ▁} therefore decodes to the empty string.
     */
    @Override
    public String decode(int... ids) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < ids.length; i++) {
            // The first piece loses every mark in it, as in Hugging Face's Metaspace decoder.
            text.append(piece(ids[i]).replace(String.valueOf(UnigramEncoder.WORD_MARK), i == 0 ? "" : " "));
        }
        return text.toString();
    }

    @Override
    public int[] prefixIds() {
        return new int[]{clsTokenId};
    }

    /** Returns {@code </s></s>}: a pair is {@code <s> first </s></s> second </s>}. */
    @Override
    public int[] separatorIds() {
        return new int[]{sepTokenId, sepTokenId};
    }

    @Override
    public int[] suffixIds() {
        return new int[]{sepTokenId};
    }

    @Override
    public int[] specialIds() {
        return IntStream.of(clsTokenId, padTokenId, sepTokenId, unkTokenId(), maskTokenId).sorted().toArray();
    }

    @Override
    public int clsTokenId() {
        return clsTokenId;
    }

    @Override
    public int sepTokenId() {
        return sepTokenId;
    }

    @Override
    public int padTokenId() {
        return padTokenId;
    }

    @Override
    public int unkTokenId() {
        return pipeline.unknownId();
    }

    @Override
    public int maskTokenId() {
        return maskTokenId;
    }
}
