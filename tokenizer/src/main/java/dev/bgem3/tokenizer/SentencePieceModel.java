package dev.bgem3.tokenizer;

import dev.bgem3.text.Messages;
import java.util.List;

/**
 * Reads a SentencePiece model ({@code sentencepiece_model.proto}) and numbers its pieces as XLM-RoBERTa does:
 * {@code <s>}, {@code <pad>}, {@code </s>}, {@code <unk>}, the model's pieces from the fourth on,
 * {@code <mask>}.
 *
 * <p>As in Hugging Face's conversion, the types of the pieces are ignored and the five special pieces have
 * score 0.
 */
final class SentencePieceModel {
    private static final List<String> FIRST_PIECES = List.of("<unk>", "<s>", "</s>");
    private static final int UNIGRAM = 1;
    private static final int BYTE_PIECE = 6;
    /** The approximate size of a piece in the file; real pieces are a little larger. */
    private static final int PIECE_BYTES = 20;

    private final SourceFile file;
    private final ProtobufReader reader;
    private final Vocabulary.Builder vocabulary;
    private final char[] piece = new char[4 * Vocabulary.MAX_PIECE_CHARS];
    private int pieceIndex;
    private Charsmap charsmap;

    SentencePieceModel(SourceFile file) {
        this.file = file;
        reader = new ProtobufReader(file);
        vocabulary = new Vocabulary.Builder(file, file.bytes().length / PIECE_BYTES);
        for (String special : List.of("<s>", "<pad>", "</s>", "<unk>")) {
            vocabulary.add(special, 0);
        }
    }

    Pipeline read() {
        for (int field = reader.nextField(); field != 0; field = reader.nextField()) {
            switch (field) {
                case 1 -> readPiece();
                case 2 -> readTrainerSpec();
                case 3 -> readNormalizerSpec();
                default -> reader.skip();
            }
        }
        if (pieceIndex < FIRST_PIECES.size()) {
            throw file.error(pieceIndex
                    + " pieces (expected: a SentencePiece model that begins with <unk>, <s> and </s>)");
        }
        vocabulary.add("<mask>", 0);
        Vocabulary pieces = vocabulary.build();
        int unknownId = pieces.required(file, "<unk>");
        List<AddedToken> tokens = List.of(added(pieces, "<s>"), added(pieces, "<pad>"), added(pieces, "</s>"),
                added(pieces, "<unk>"),
                new AddedToken(pieces.required(file, "<mask>"), "<mask>", true, true, false));
        return Pipeline.of(file, pieces, new Normalizer(charsmap, false), unknownId, tokens);
    }

    private AddedToken added(Vocabulary pieces, String content) {
        return new AddedToken(pieces.required(file, content), content, false, false, false);
    }

    private void readPiece() {
        int length = 0;
        float floatScore = 0;
        int mark = reader.enter();
        for (int field = reader.nextField(); field != 0; field = reader.nextField()) {
            switch (field) {
                case 1 -> length = reader.text(piece);
                case 2 -> floatScore = reader.floatValue();
                case 3 -> {
                    if (reader.intValue() == BYTE_PIECE) {
                        throw reader.error(
                                "piece " + pieceIndex + ": a byte piece (expected: none, as in XLM-RoBERTa)");
                    }
                }
                default -> reader.skip();
            }
        }
        reader.leave(mark);
        if (pieceIndex < FIRST_PIECES.size()) {
            String found = new String(piece, 0, length);
            if (!found.equals(FIRST_PIECES.get(pieceIndex))) {
                throw reader.error("piece " + pieceIndex + ": \"" + Messages.shown(found) + "\" (expected: "
                        + FIRST_PIECES.get(pieceIndex)
                        + ", as in XLM-RoBERTa)");
            }
        } else {
            vocabulary.addThroughDecimal(piece, length, floatScore);
        }
        pieceIndex++;
    }

    private void readTrainerSpec() {
        int mark = reader.enter();
        for (int field = reader.nextField(); field != 0; field = reader.nextField()) {
            switch (field) {
                case 3 -> {
                    int type = reader.intValue();
                    if (type != UNIGRAM) {
                        throw reader.error("model_type: " + type + " (expected: 1, UNIGRAM)");
                    }
                }
                case 24 -> requireFlag("treat_whitespace_as_suffix", false);
                case 35 -> requireFlag("byte_fallback", false);
                default -> reader.skip();
            }
        }
        reader.leave(mark);
    }

    private void readNormalizerSpec() {
        int mark = reader.enter();
        for (int field = reader.nextField(); field != 0; field = reader.nextField()) {
            switch (field) {
                case 2 -> {
                    byte[] blob = reader.byteString();
                    charsmap = blob.length == 0 ? null : new Charsmap(file, blob);
                }
                case 3 -> requireFlag("add_dummy_prefix", true);
                case 5 -> requireFlag("escape_whitespaces", true);
                default -> reader.skip();
            }
        }
        reader.leave(mark);
    }

    private void requireFlag(String name, boolean expected) {
        if (reader.boolValue() != expected) {
            throw reader.error(name + ": " + !expected + " (expected: " + expected + ", as in XLM-RoBERTa)");
        }
    }
}
