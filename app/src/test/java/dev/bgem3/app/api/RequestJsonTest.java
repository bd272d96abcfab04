package dev.bgem3.app.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RequestJsonTest {
    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Each {@code ~} stands for a backslash, and {@code ?} for U+FFFD. */
    @ParameterizedTest
    @CsvSource(quoteCharacter = '`', textBlock = """
            a~ud83d,               a?,     1
            ~uD83Db,               ?b,     1
            ~udc4d,                ?,      1
            ~udc4d~ud83d,          ??,     2
            ~ud83d~ud83d~udc4d,    ?👍,    1
            ~ud83d~udc4d,          👍,     0
            ~uD83D~uDC4D~udc4d,    👍?,    1
            ~ud83d x~udc4d,        ? x?,   2
            ~ud83d~n~udc4d,        ?~n?,   2
            ~~ud83d,               ~~ud83d, 0
            ~~~ud83d,              ~~?,    1
            ~"~ud83d~~,            ~"?~~,  1
            ~ud7ff~ue000~ufffd,    ~ud7ff~ue000~ufffd, 0
            👍~u0041,              👍A,    0
            """)
    void replacesHalvesOfSurrogatePairs(String escaped, String expected, int count) {
        byte[] body = bytes("{\"a\":\"" + escaped.replace('~', '\\') + "\"}");
        byte[] same = bytes("{\"a\":\"" + expected.replace('~', '\\').replace("?", "\ufffd") + "\"}");
        assertThat(RequestJson.replaceLoneSurrogates(body)).isEqualTo(count);
        assertThat(RequestJson.read(body).string("a")).isEqualTo(RequestJson.read(same).string("a"));
    }

    @ParameterizedTest
    @CsvSource({"~", "~u", "~ud83", "~ud83d~", "~uD83D~u", "~ud83d~udc4", "~uzzzz", "~~"})
    void leavesBrokenEscapesToTheParser(String end) {
        byte[] body = bytes("{\"a\":\"" + end.replace('~', '\\'));
        RequestJson.replaceLoneSurrogates(body);
        assertThatExceptionOfType(InvalidRequestException.class).isThrownBy(() -> RequestJson.read(body));
    }

    @Test
    void passesOverAByteOrderMark() {
        assertThat(RequestJson.read(bytes("\ufeff{\"a\":\"b\"}")).string("a")).isEqualTo("b");
        for (String wrong : new String[]{"\ufeff", ""}) {
            assertThatExceptionOfType(InvalidRequestException.class)
                    .isThrownBy(() -> RequestJson.read(bytes(wrong)))
                    .withMessage("body: empty (expected: a JSON object)");
        }
        assertThatExceptionOfType(InvalidRequestException.class)
                .isThrownBy(() -> RequestJson.read(bytes("\ufeff\ufeff{}")))
                .withMessageStartingWith("body: not JSON, line 1");
        assertThatExceptionOfType(InvalidRequestException.class)
                .isThrownBy(() -> RequestJson.read(new byte[]{(byte) 0xEF, (byte) 0xBB}))
                .withMessageStartingWith("body: not UTF-8");
    }
}
