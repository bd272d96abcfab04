package dev.bgem3.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.testsupport.Seeds;
import dev.bgem3.testsupport.TestSizes;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

class EncodingPropertyTest {
    private static final int TEXTS = TestSizes.pick(2_000, 10_000);

    private final Tokenizer tokenizer = Tokenizer.load(TestFiles.mini());
    private final Random random = Seeds.random(EncodingPropertyTest.class);
    private final RandomText texts = new RandomText(random);

    @Test
    void offsetsNeverDecreaseAndStayWithinTheText() {
        for (int i = 0; i < TEXTS; i++) {
            String text = i % 4 == 0 ? texts.nextWithLoneSurrogates() : texts.next();
            Encoding encoding = tokenizer.encode(text);
            String name = RandomText.escaped(text);
            int last = encoding.length() - 1;
            for (int token = 0; token <= last; token++) {
                assertThat(encoding.start(token)).as(name).isBetween(0, encoding.end(token));
                if (token > 0) {
                    assertThat(encoding.start(token)).as(name)
                            .isGreaterThanOrEqualTo(encoding.start(token - 1));
                    assertThat(encoding.end(token)).as(name).isGreaterThanOrEqualTo(encoding.end(token - 1));
                }
            }
            assertThat(encoding.end(0)).as(name).isZero();
            assertThat(encoding.start(last)).as(name).isEqualTo(text.length());
            assertThat(encoding.end(last)).as(name).isEqualTo(text.length());
        }
    }

    @Test
    void aTokensSourceNormalizesToTextThatContainsItsPiece() {
        Pipeline pipeline = new TokenizerJson(SourceFile.read(TestFiles.mini().resolve("tokenizer.json")))
                .read();
        for (int i = 0; i < TEXTS; i++) {
            String text = texts.next();
            Encoding encoding = tokenizer.encode(text);
            for (int token = 1; token < encoding.length() - 1; token++) {
                String piece = tokenizer.piece(encoding.id(token)).replace("▁", "");
                if (piece.startsWith("<")) {
                    continue;
                }
                String source = text.substring(encoding.start(token), encoding.end(token));
                NormalizedText normal = new NormalizedText(source.length(), false);
                pipeline.normalizer().normalize(source.toCharArray(), 0, source.length(), normal);
                assertThat(
                        new String(normal.chars, NormalizedText.FIRST, normal.length - NormalizedText.FIRST))
                        .as("token %d of %s", token, RandomText.escaped(text)).contains(piece);
            }
        }
    }

    @Test
    void aTruncatedTextHasTheFirstTokensOfTheWholeText() {
        for (int i = 0; i < TEXTS; i++) {
            String text = texts.next();
            Encoding whole = tokenizer.encode(text);
            int maxLength = random.nextInt(2, whole.length() + 3);
            Encoding cut = tokenizer.encode(text, maxLength);
            int kept = Math.min(whole.length(), maxLength) - 1;
            int[] expected = IntStream
                    .concat(Arrays.stream(whole.ids(), 0, kept), IntStream.of(tokenizer.sepTokenId()))
                    .toArray();
            String name = RandomText.escaped(text);
            assertThat(cut.ids()).as(name).isEqualTo(expected);
            assertThat(cut.fullLength()).as(name).isEqualTo(whole.length());
            assertThat(cut.truncated()).as(name).isEqualTo(maxLength < whole.length());
            for (int token = 0; token < kept; token++) {
                assertThat(cut.start(token)).as(name).isEqualTo(whole.start(token));
                assertThat(cut.end(token)).as(name).isEqualTo(whole.end(token));
            }
            assertThat(cut.end(kept)).as(name).isEqualTo(cut.truncated() ? cut.end(kept - 1) : text.length());
        }
    }

    @Test
    void bothFilesOfTheWholeVocabularyGiveTheSameIds() {
        Path folder = TestFiles.shared("xlmr-tokenizer");
        XlmRobertaTokenizer json = XlmRobertaTokenizer.fromTokenizerJson(folder.resolve("tokenizer.json"));
        XlmRobertaTokenizer model = XlmRobertaTokenizer
                .fromSentencePiece(folder.resolve("sentencepiece.bpe.model"));
        for (int i = 0; i < TEXTS; i++) {
            String text = texts.nextWithLoneSurrogates();
            assertThat(model.encode(text).ids()).as(RandomText.escaped(text))
                    .isEqualTo(json.encode(text).ids());
        }
    }

    @Test
    void aLoneSurrogateIsReadAsTheReplacementCharacter() {
        for (int i = 0; i < TEXTS; i++) {
            String text = texts.nextWithLoneSurrogates();
            int[] replaced = text.codePoints().map(unit -> unit >= 0xD800 && unit <= 0xDFFF ? 0xFFFD : unit)
                    .toArray();
            assertThat(tokenizer.encode(text).ids()).as(RandomText.escaped(text))
                    .isEqualTo(tokenizer.encode(new String(replaced, 0, replaced.length)).ids());
        }
    }
}
