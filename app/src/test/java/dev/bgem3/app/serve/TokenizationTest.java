package dev.bgem3.app.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.app.api.Input;
import dev.bgem3.app.api.TextOptions;
import dev.bgem3.app.api.TextOptions.Direction;
import dev.bgem3.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What is left of token ids that are cut. */
class TokenizationTest {
    private static final Tokenizer TOKENIZER = Tokenizer.load(ServerFixture.MINI);
    private static final Tokenization TOKENIZATION = new Tokenization(TOKENIZER, 1024, 512, true, Map.of());

    private static int[] ids(String names) {
        return Arrays.stream(names.split(" ")).mapToInt(name -> switch (name) {
            case "s" -> TOKENIZER.clsTokenId();
            case "/s" -> TOKENIZER.sepTokenId();
            default -> Integer.parseInt(name);
        }).toArray();
    }

    private static int[] cut(Input input, Direction direction, int limit) {
        return TOKENIZATION.of(input, "inputs", "",
                new TextOptions(Optional.empty(), direction, Optional.empty()), OptionalInt.of(limit)).ids();
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
            s 11 12 13 14 /s,     RIGHT, 4, s 11 12 /s
            s 11 12 13 14 /s,     LEFT,  4, s 13 14 /s
            s 11 12 13 14 /s,     RIGHT, 2, s /s
            s 11 12 13 14 /s,     LEFT,  2, s /s
            s 11 12 13 14 /s,     RIGHT, 6, s 11 12 13 14 /s
            11 12 13 14 15,       RIGHT, 3, 11 12 13
            11 12 13 14 15,       LEFT,  3, 13 14 15
            s 11 12 13 14,        RIGHT, 3, s 11 12
            s 11 12 13 14,        LEFT,  3, s 13 14
            11 12 13 14 /s,       RIGHT, 3, 11 12 /s
            11 12 13 14 /s,       LEFT,  3, 13 14 /s
            s 11 /s /s 12 13 /s,  RIGHT, 5, s 11 /s /s /s
            """)
    void keepTheTokensAtTheirEnds(String given, Direction direction, int limit, String left) {
        int[] ids = ids(given);
        int[] before = ids.clone();
        assertThat(cut(new Input.TokenIds(ids), direction, limit)).isEqualTo(ids(left));
        assertThat(ids).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource(Direction.class)
    void areWhatIsLeftOfTheTextThatTheyCameFrom(Direction direction) {
        String text = "one two three four five six seven eight nine ten";
        int[] whole = TOKENIZER.encode(text).ids();
        IntStream.rangeClosed(2, whole.length).forEach(limit -> assertThat(
                cut(new Input.TokenIds(whole), direction, limit)).as("%d tokens", limit)
                .isEqualTo(cut(new Input.Text(text), direction, limit)));
    }

    @Test
    void areCutToTheModelsLimitWhereNoneIsGiven() {
        int[] ids = new int[2000];
        Arrays.fill(ids, 11);
        ids[0] = TOKENIZER.clsTokenId();
        ids[1999] = TOKENIZER.sepTokenId();
        Encoded.Tokens tokens = TOKENIZATION.of(new Input.TokenIds(ids), "inputs", "",
                new TextOptions(Optional.empty(), Direction.RIGHT, Optional.empty()), OptionalInt.empty());
        assertThat(tokens.ids()).hasSize(1024).startsWith(TOKENIZER.clsTokenId(), 11)
                .endsWith(11, TOKENIZER.sepTokenId());
        assertThat(tokens.fullLength()).isEqualTo(2000);
        assertThat(tokens.truncated()).isTrue();
    }
}
