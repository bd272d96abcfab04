package dev.bgem3.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bgem3.testsupport.Pipes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class XlmRobertaTokenizerTest {
    private final Tokenizer tokenizer = Tokenizer.load(TestFiles.mini());

    @Test
    void returnsTheTokensAroundTextsAndPairs() {
        assertThat(tokenizer.prefixIds()).containsExactly(0);
        assertThat(tokenizer.separatorIds()).containsExactly(2, 2);
        assertThat(tokenizer.suffixIds()).containsExactly(2);
        assertThat(tokenizer.specialIds()).containsExactly(0, 1, 2, 3, tokenizer.vocabSize() - 1);
    }

    @Test
    void knowsItsSpecialTokens() {
        assertThat(tokenizer.vocabSize()).isEqualTo(15_000);
        assertThat(List.of(tokenizer.clsTokenId(), tokenizer.padTokenId(), tokenizer.sepTokenId(),
                tokenizer.unkTokenId(),
                tokenizer.maskTokenId())).containsExactly(0, 1, 2, 3, 14_999);
    }

    /** İ is the one character whose lower case is longer. */
    @ParameterizedTest
    @ValueSource(strings = {"The QUICK Fox", "İİ a İSTANBUL İ", "\uD83D\uDE00 A\uD83D B", "ΣΑΣ",
            "ﷺ İ <mask> Á", ""})
    void lowerCasesEachCharacterAndKeepsTheOffsets(String text) {
        StringBuilder lower = new StringBuilder();
        text.codePoints().forEach(c -> {
            if (c == 'İ') {
                lower.append("i\u0307");
            } else {
                lower.appendCodePoint(Character.toLowerCase(c));
            }
        });
        Encoding expected = tokenizer.encode(lower.toString());
        Encoding found = tokenizer.lowerCasing().encode(text);
        assertThat(found.ids()).isEqualTo(expected.ids());
        int[] sources = new int[lower.length() + 1];
        for (int i = 0, at = 0; i < text.length(); i++) {
            sources[at++] = i;
            if (text.charAt(i) == 'İ') {
                sources[at++] = i;
            }
            sources[at] = i + 1;
        }
        for (int i = 0; i < found.length(); i++) {
            assertThat(found.start(i)).isEqualTo(sources[expected.start(i)]);
            int end = expected.end(i);
            boolean within = end < lower.length() && end > 0 && sources[end] == sources[end - 1];
            assertThat(found.end(i)).as("%s, token %d", text, i)
                    .isEqualTo(within && found.end(i) != found.start(i) ? sources[end] + 1 : sources[end]);
        }
    }

    @Test
    void findsEveryPieceByItsText() {
        for (int id = 0; id < tokenizer.vocabSize(); id++) {
            assertThat(tokenizer.id(tokenizer.piece(id))).hasValue(id);
        }
        assertThat(tokenizer.id("")).isEqualTo(OptionalInt.empty());
        assertThat(tokenizer.id("no such piece")).isEqualTo(OptionalInt.empty());
        assertThat(tokenizer.id("\uD800")).isEqualTo(OptionalInt.empty());
    }

    @Test
    void decodesPiecesWithTheirSpaces() {
        int mark = tokenizer.id("▁").orElseThrow();
        assertThat(tokenizer.decode()).isEmpty();
        assertThat(tokenizer.decode(mark)).isEmpty();
        assertThat(tokenizer.decode(0, mark, 2)).isEqualTo("<s> </s>");
        int[] ids = tokenizer.encode("the quick  brown fox").ids();
        assertThat(tokenizer.decode(ids)).isEqualTo("<s> the quick brown fox</s>");
        assertThat(tokenizer.decode(IntStream.of(ids).skip(1).limit(ids.length - 2).toArray()))
                .isEqualTo("the quick brown fox");
    }

    @Test
    void returnsTheOffsetsOfTokens() {
        Encoding encoding = tokenizer.encode("  the ﬁ <mask>\t");
        assertThat(encoding.id(1)).isEqualTo(tokenizer.id("▁the").orElseThrow());
        assertThat(List.of(encoding.start(1), encoding.end(1))).containsExactly(2, 5);
        int last = encoding.length() - 1;
        assertThat(encoding.id(last - 1)).isEqualTo(tokenizer.maskTokenId());
        assertThat(List.of(encoding.start(last - 1), encoding.end(last - 1))).containsExactly(7, 14);
        assertThat(List.of(encoding.start(last), encoding.end(last))).containsExactly(15, 15);
    }

    @Test
    void emptyAndBlankTextsHaveNoPieces() {
        for (String text : List.of("", " ", "\n\t\u3000", "▁")) {
            assertThat(tokenizer.encode(text).ids()).as(RandomText.escaped(text)).containsExactly(0, 2);
        }
    }

    @Test
    void refusesArgumentsOutOfRange() {
        assertThatIllegalArgumentException().isThrownBy(() -> tokenizer.encode("a", 1))
                .withMessage("maxLength: 1 (expected: at least 2)");
        assertThatIllegalArgumentException().isThrownBy(() -> tokenizer.piece(15_000))
                .withMessage("id: 15000 (expected: 0..14999)");
        assertThatIllegalArgumentException().isThrownBy(() -> tokenizer.decode(0, -1))
                .withMessage("id: -1 (expected: 0..14999)");
        assertThatIllegalArgumentException().isThrownBy(() -> tokenizer.encode("").start(2))
                .withMessage("token: 2 (expected: 0..1)");
        assertThatThrownBy(() -> tokenizer.encode(null)).isInstanceOf(NullPointerException.class);
    }

    @Test
    void returnsACopyOfTheIds() {
        Encoding encoding = tokenizer.encode("a");
        encoding.ids()[0] = 77;
        assertThat(encoding.ids()[0]).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "\u0301", " ", "\uFDFA", "<", "<mask>", "\uD800", "\0", "क्", "👩‍", "가",
            "<s>", "한"})
    void takesTimeLinearInTheLengthOfTheText(String unit) {
        String text = unit.repeat(1_000_000 / unit.length());
        Assertions.assertTimeoutPreemptively(Duration.ofSeconds(30), () -> {
            Encoding encoding = tokenizer.encode(text, 100);
            assertThat(encoding.length()).isLessThanOrEqualTo(100);
        });
    }

    @Test
    void givesManyThreadsTheSameResult() {
        List<String> texts = IntStream.range(0, 500)
                .mapToObj(i -> "text " + i + " of many ﬁ <mask> 日本 " + i * i).toList();
        List<String> alone = texts.stream().map(this::describe).toList();
        for (int round = 0; round < 20; round++) {
            assertThat(texts.parallelStream().map(this::describe).toList()).isEqualTo(alone);
        }
    }

    private String describe(String text) {
        Encoding encoding = tokenizer.encode(text);
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < encoding.length(); i++) {
            out.append(encoding.id(i)).append(':').append(encoding.start(i)).append('-')
                    .append(encoding.end(i)).append(' ');
        }
        return out.toString();
    }

    @Test
    void saysWhatIsMissing(@TempDir Path folder) throws IOException {
        assertThatThrownBy(() -> Tokenizer.load(folder)).isInstanceOf(TokenizerException.class)
                .hasMessage(folder + ": no tokenizer (expected: tokenizer.json or sentencepiece.bpe.model)");
        Path absent = folder.resolve("absent");
        assertThatThrownBy(() -> Tokenizer.load(absent)).isInstanceOf(TokenizerException.class)
                .hasMessage(absent + ": no such folder (expected: a model folder)");
        assertThatThrownBy(() -> XlmRobertaTokenizer.fromTokenizerJson(absent))
                .isInstanceOf(TokenizerException.class)
                .hasMessage(absent + ": no such file");
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> Tokenizer.load(file)).isInstanceOf(TokenizerException.class)
                .hasMessage(file + ": not a folder (expected: a model folder)");
        assertThatThrownBy(() -> XlmRobertaTokenizer.fromSentencePiece(folder))
                .isInstanceOf(TokenizerException.class)
                .hasMessage(folder + ": found a directory (expected: a regular file)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"tokenizer.json", "sentencepiece.bpe.model"})
    void refusesAPipeInsteadOfWaitingForIt(String name, @TempDir Path folder) throws Exception {
        Path pipe = folder.resolve(name);
        Pipes.make(pipe);
        Assertions.assertTimeoutPreemptively(Duration.ofSeconds(20),
                () -> assertThatThrownBy(() -> Tokenizer.load(folder))
                        .isInstanceOf(TokenizerException.class)
                        .hasMessage(pipe + ": found a special file (expected: a regular file)"));
    }
}
