package dev.bgem3.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.testsupport.Bounded;
import dev.bgem3.testsupport.Seeds;
import dev.bgem3.testsupport.TestSizes;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.function.Function;

import org.junit.jupiter.api.Test;

/**
 * Checks that a damaged file is either read or refused with our exception, and that a tokenizer read from one
 * encodes any text, within the limits on time and memory of {@link Bounded}.
 */
class TokenizerFileFuzzTest {
    private static final int MUTATIONS = TestSizes.pick(2_000, 20_000);

    @Test
    void aMutatedTokenizerJsonIsReadOrRefused() {
        fuzz(new SyntheticTokenizer().json(), file -> new TokenizerJson(file).read());
    }

    @Test
    void aMutatedSentencePieceModelIsReadOrRefused() {
        fuzz(new SyntheticTokenizer().sentencePiece(), file -> new SentencePieceModel(file).read());
    }

    private static void fuzz(byte[] original, Function<SourceFile, Pipeline> reader) {
        Random random = Seeds.random(TokenizerFileFuzzTest.class);
        RandomText texts = new RandomText(random);
        int refused = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            byte[] bytes = mutate(original, random);
            String text = texts.nextWithLoneSurrogates();
            String what = "mutation " + i;
            boolean read = Bounded.call(() -> what + ": " + HexFormat.of().formatHex(bytes),
                    Bounded.reading(bytes.length), () -> isRead(bytes, reader, text));
            refused += read ? 0 : 1;
        }
        assertThat(refused).as("refused of %d", MUTATIONS).isBetween(MUTATIONS / 10, MUTATIONS - 1);
    }

    private static boolean isRead(byte[] bytes, Function<SourceFile, Pipeline> reader, String text) {
        try {
            new UnigramEncoder(reader.apply(new SourceFile("fuzzed", bytes)), text, true).encode();
            return true;
        } catch (TokenizerException e) {
            assertThat(e).hasMessageStartingWith("fuzzed: ");
            return false;
        }
    }

    private static byte[] mutate(byte[] original, Random random) {
        byte[] bytes = original.clone();
        for (int count = random.nextInt(1, 4); count > 0 && bytes.length > 0; count--) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(7)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt(256);
                case 2 -> bytes = Arrays.copyOf(bytes, at);
                case 3 -> bytes = splice(bytes, at, random.nextInt(1, 40), new byte[0]);
                case 4 -> {
                    int from = random.nextInt(bytes.length);
                    bytes = splice(bytes, at, 0,
                            Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + 30)));
                }
                case 5 -> bytes = splice(bytes, at, 1,
                        new byte[]{(byte) 0xFF, (byte) 0xFF, (byte) 0xFF, (byte) 0x7F});
                default -> {
                    byte[] noise = new byte[random.nextInt(1, 9)];
                    random.nextBytes(noise);
                    bytes = splice(bytes, at, noise.length, noise);
                }
            }
        }
        return bytes;
    }

    private static byte[] splice(byte[] bytes, int at, int removed, byte[] inserted) {
        int tail = Math.min(bytes.length, at + removed);
        byte[] result = Arrays.copyOf(bytes, at + inserted.length + bytes.length - tail);
        System.arraycopy(inserted, 0, result, at, inserted.length);
        System.arraycopy(bytes, tail, result, at + inserted.length, bytes.length - tail);
        return result;
    }
}
