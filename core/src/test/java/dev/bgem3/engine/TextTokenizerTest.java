package dev.bgem3.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.bgem3.Fixtures;
import dev.bgem3.error.InputException;
import dev.bgem3.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests how texts and token ids are cut. */
class TextTokenizerTest {
    private static final Tokenizer TOKENIZER = Tokenizer.load(Fixtures.MINI);

    private static TextTokenizer limited(int maxLength, int maxTokenIds, boolean fromLeft) {
        return new TextTokenizer(TOKENIZER, TOKENIZER.vocabSize(), maxLength, maxTokenIds, fromLeft,
                _ -> UnaryOperator.identity());
    }

    private static int[] ids(String names) {
        return Arrays.stream(names.split(" ")).mapToInt(name -> switch (name) {
            case "s" -> TOKENIZER.clsTokenId();
            case "/s" -> TOKENIZER.sepTokenId();
            default -> Integer.parseInt(name);
        }).toArray();
    }

    private static int[] cut(int[] ids, boolean fromLeft, int limit) {
        return limited(2, limit, fromLeft).tokenIds("ids", ids, ids.length).tokenIds();
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
            s 11 12 13 14 /s,     false, 4, s 11 12 /s
            s 11 12 13 14 /s,     true,  4, s 13 14 /s
            s 11 12 13 14 /s,     false, 2, s /s
            s 11 12 13 14 /s,     true,  2, s /s
            s 11 12 13 14 /s,     false, 6, s 11 12 13 14 /s
            11 12 13 14 15,       false, 3, 11 12 13
            11 12 13 14 15,       true,  3, 13 14 15
            s 11 12 13 14,        false, 3, s 11 12
            s 11 12 13 14,        true,  3, s 13 14
            11 12 13 14 /s,       false, 3, 11 12 /s
            11 12 13 14 /s,       true,  3, 13 14 /s
            s 11 /s /s 12 13 /s,  false, 5, s 11 /s /s /s
            """)
    void keepsTheSpecialTokensAtBothEnds(String given, boolean fromLeft, int limit, String left) {
        int[] ids = ids(given);
        int[] before = ids.clone();
        assertThat(cut(ids, fromLeft, limit)).isEqualTo(ids(left));
        assertThat(ids).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void cutsIdsLikeTheirText(boolean fromLeft) {
        String text = "one two three four five six seven eight nine ten";
        int[] whole = TOKENIZER.encode(text).ids();
        IntStream.rangeClosed(2, whole.length).forEach(limit -> {
            TokenizedText ofText = limited(limit, 2, fromLeft).text("text", text);
            assertThat(ofText.fullLength()).isEqualTo(whole.length);
            assertThat(cut(whole, fromLeft, limit)).as("%d tokens", limit).isEqualTo(ofText.tokenIds());
        });
    }

    @Test
    void keepsTheFullLengthOfIdsThatWereCutBefore() {
        TokenizedText cut = limited(2, 3, false).tokenIds("ids", new int[]{11, 12, 13, 14}, 9);
        assertThat(cut.tokenIds()).containsExactly(11, 12, 13);
        assertThat(cut.fullLength()).isEqualTo(9);
    }

    @Test
    void namesInvalidIds() {
        TextTokenizer tokenizer = limited(2, 7, false);
        int max = TOKENIZER.vocabSize() - 1;
        assertRefused("passages[0]: 0 token ids (expected: 1..7)", tokenizer);
        assertRefused("passages[0]: token id -1 (expected: 0.." + max + ")", tokenizer, 0, -1);
        // Ids that would be cut off are checked too.
        assertRefused("passages[0]: token id 15000 (expected: 0.." + max + ")", tokenizer, 0, 1, 2, 3, 4, 5,
                6, 15_000);
    }

    private static void assertRefused(String message, TextTokenizer tokenizer, int... ids) {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> tokenizer.tokenIds("passages[0]", ids, ids.length)).withMessage(message);
    }
}
