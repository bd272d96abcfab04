package dev.bgem3.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.bgem3.testsupport.Seeds;
import dev.bgem3.testsupport.TestSizes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;

/** Compares our tokenizer with Hugging Face's own implementation, through DJL's binding. */
class HuggingFaceDifferentialTest {
    private static final int TEXTS = TestSizes.pick(4_000, 20_000);

    @BeforeAll
    static void keepDjlWithinTheBuild() {
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("DJL_CACHE_DIR", "target/djl");
        System.setProperty("ENGINE_CACHE_DIR", "target/djl");
    }

    @Test
    void encodesAndDecodesRandomTextWithTheMiniModelsVocabulary() throws IOException {
        compare(TestFiles.mini().resolve("tokenizer.json"), TEXTS);
    }

    @Test
    void encodesAndDecodesRandomTextWithTheTinyFixturesVocabulary() throws IOException {
        compare(TestFiles.project("src/fixtures/tiny-m3/tokenizer.json"), TEXTS);
    }

    @Test
    void encodesAndDecodesRandomTextWithTheWholeVocabulary() throws IOException {
        compare(TestFiles.shared("xlmr-tokenizer/tokenizer.json"), TEXTS);
    }

    private static void compare(Path file, int texts) throws IOException {
        XlmRobertaTokenizer ours = XlmRobertaTokenizer.fromTokenizerJson(file);
        Random random = Seeds.random(HuggingFaceDifferentialTest.class);
        RandomText source = new RandomText(random);
        try (HuggingFaceTokenizer reference = reference(file)) {
            for (int i = 0; i < texts; i++) {
                String text = switch (i % 10) {
                    case 0 -> ofPieces(random, ours);
                    case 1 -> repeating(random);
                    default -> source.next();
                };
                String name = RandomText.escaped(text);
                Encoding encoding = ours.encode(text);
                ai.djl.huggingface.tokenizers.Encoding expected = reference.encode(text, true, false);
                assertThat(LongStream.of(expected.getIds()).mapToInt(Math::toIntExact).toArray()).as(name)
                        .isEqualTo(encoding.ids());
                if (text.codePoints().noneMatch(HuggingFaceDifferentialTest::mayNormalizeToNothing)) {
                    compareOffsets(name, text, encoding, ours, expected.getCharTokenSpans());
                }
                if (i % 10 == 0) {
                    assertThat(ours.decode(encoding.ids())).as(name)
                            .isEqualTo(reference.decode(expected.getIds(), false));
                }
            }
        }
    }

    /** If a section begins with a character that is dropped, Hugging Face's later offsets are too small. */
    private static boolean mayNormalizeToNothing(int codePoint) {
        int type = Character.getType(codePoint);
        return type == Character.CONTROL || type == Character.FORMAT;
    }

    /**
     * Their offsets cover a part of each replaced chunk and ours the whole chunk, so that theirs must be
     * within ours.
     */
    private static void compareOffsets(String name, String text, Encoding encoding, XlmRobertaTokenizer ours,
            CharSpan[] spans) {
        for (int i = 1; i < encoding.length() - 1; i++) {
            if (spans[i] == null || ours.piece(encoding.id(i)).equals("▁")) {
                continue;
            }
            int start = text.offsetByCodePoints(0, spans[i].getStart());
            int end = text.offsetByCodePoints(0, spans[i].getEnd());
            assertThat(encoding.start(i)).as("start of token %d of %s", i, name).isLessThanOrEqualTo(start);
            assertThat(encoding.end(i)).as("end of token %d of %s", i, name).isGreaterThanOrEqualTo(end);
        }
    }

    /** Returns a text of random pieces of the vocabulary. */
    private static String ofPieces(Random random, XlmRobertaTokenizer tokenizer) {
        StringBuilder text = new StringBuilder();
        for (int count = random.nextInt(1, 20); count > 0; count--) {
            text.append(tokenizer.piece(random.nextInt(tokenizer.vocabSize())).replace('▁', ' '));
        }
        return text.toString();
    }

    /** Returns words with many paths of almost the same score. */
    private static String repeating(Random random) {
        String alphabet = List.of(";", "-=", ".", "a", "ha", "0 1", "ZZz").get(random.nextInt(7));
        StringBuilder text = new StringBuilder();
        for (int count = random.nextInt(1, 60); count > 0; count--) {
            text.append(alphabet.charAt(random.nextInt(alphabet.length())));
        }
        return text.toString();
    }

    private static HuggingFaceTokenizer reference(Path file) throws IOException {
        try {
            return HuggingFaceTokenizer.newInstance(file,
                    Map.of("addSpecialTokens", "true", "truncation", "false", "padding", "false"));
        } catch (UnsatisfiedLinkError | ExceptionInInitializerError | NoClassDefFoundError
                | IllegalStateException e) {
            return abort("DJL's native library does not load here: " + e);
        }
    }
}
