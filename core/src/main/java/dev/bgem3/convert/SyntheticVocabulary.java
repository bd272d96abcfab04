package dev.bgem3.convert;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Generates a vocabulary as a SentencePiece file: the printable ASCII characters, then made-up words, so that
 * any English text can be tokenized.
 *
 * <p>
 * The file is a protocol buffer, {@code ModelProto} of sentencepiece_model.proto: {@code pieces} (1) with
 * {@code piece} (1), {@code score} (2) and {@code type} (3); {@code trainer_spec} (2) with {@code model_type}
 * (3), 1 for unigram.
 */
final class SyntheticVocabulary {
    /** The minimum: four special ids, {@code ▁}, {@code <mask>} and two pieces. */
    static final int MIN_SIZE = 8;

    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int NORMAL = 1;

    private SyntheticVocabulary() {}

    /**
     * Returns the file for {@code vocabSize} token ids, which contains all of them except {@code <pad>} and
     * {@code <mask>}.
     */
    static byte[] model(int vocabSize) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        piece(out, "<unk>", 0, UNKNOWN);
        piece(out, "<s>", 0, CONTROL);
        piece(out, "</s>", 0, CONTROL);
        int pieces = vocabSize - 2 - 3;
        for (int i = 0; i < pieces; i++) {
            piece(out, name(i), (float) -Math.log(i + 2.0), NORMAL);
        }
        ByteArrayOutputStream trainer = new ByteArrayOutputStream();
        tag(trainer, 3, 0);
        varint(trainer, 1);
        bytes(out, 2, trainer.toByteArray());
        return out.toByteArray();
    }

    /** Returns {@code ▁}, {@code !} to {@code ~}, then {@code ▁a} to {@code ▁z}, {@code ▁aa} and so on. */
    private static String name(int index) {
        if (index == 0) {
            return "▁";
        }
        int printable = '~' - '!' + 1;
        if (index <= printable) {
            return String.valueOf((char) ('!' + index - 1));
        }
        StringBuilder word = new StringBuilder();
        for (int rest = index - printable; rest > 0; rest = (rest - 1) / 26) {
            word.append((char) ('a' + (rest - 1) % 26));
        }
        return "▁" + word.reverse();
    }

    private static void piece(ByteArrayOutputStream out, String piece, float score, int type) {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        bytes(message, 1, piece.getBytes(StandardCharsets.UTF_8));
        tag(message, 2, 5);
        message.writeBytes(
                ByteBuffer.allocate(Float.BYTES).order(ByteOrder.LITTLE_ENDIAN).putFloat(score).array());
        if (type != NORMAL) {
            tag(message, 3, 0);
            varint(message, type);
        }
        bytes(out, 1, message.toByteArray());
    }

    private static void bytes(ByteArrayOutputStream out, int field, byte[] value) {
        tag(out, field, 2);
        varint(out, value.length);
        out.writeBytes(value);
    }

    private static void tag(ByteArrayOutputStream out, int field, int wireType) {
        varint(out, field << 3 | wireType);
    }

    private static void varint(ByteArrayOutputStream out, int value) {
        int rest = value;
        while (rest > 0x7f) {
            out.write(rest & 0x7f | 0x80);
            rest >>>= 7;
        }
        out.write(rest);
    }
}
