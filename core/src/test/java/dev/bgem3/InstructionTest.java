package dev.bgem3;

import static dev.bgem3.Embeddings.ALL;
import static dev.bgem3.Embeddings.assertSameBits;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Tests that instructions are put before queries and passages according to their formats, and that a call's
 * own instruction replaces the model's.
 */
class InstructionTest {
    private static BgeM3 plain;
    private static BgeM3 instructed;

    @BeforeAll
    static void load() {
        plain = BgeM3.load(Fixtures.TINY);
        instructed = BgeM3.load(Fixtures.TINY,
                LoadOptions.builder().queryInstruction("find: ").passageInstruction("passage")
                        .passageInstructionFormat("<{}> [{}]").build());
    }

    @AfterAll
    static void close() {
        plain.close();
        instructed.close();
    }

    @Test
    void putsInstructionsBeforeQueriesAndPassagesOnly() {
        assertSame(instructed.encode("text", ALL), "text");
        assertSame(instructed.encodeQueries("text", ALL), "find: text");
        assertSame(instructed.encodeCorpus("text", ALL), "<passage> [text]");
        assertSame(instructed.encodeQueries(Stream.of("text"), ALL).toList().getFirst(), "find: text");
        assertSame(instructed.encodeCorpus(Stream.of("text"), ALL).toList().getFirst(), "<passage> [text]");
        assertSame(plain.encodeQueries("text", ALL), "text");
        assertSame(plain.encodeCorpus("text", ALL), "text");
    }

    @Test
    void usesACallsOwnInstructionAndFormat() {
        EncodeOptions own = EncodeOptions.builder().outputs(ALL.outputs()).instruction("mine ").build();
        assertSame(instructed.encode("text", own), "mine text");
        assertSame(instructed.encodeQueries("text", own), "mine text");
        assertSame(instructed.encodeCorpus("text", own), "mine text");
        EncodeOptions format = EncodeOptions.builder().outputs(ALL.outputs()).instructionFormat("({}) {}")
                .build();
        assertSame(instructed.encodeQueries("text", format), "(find: ) text");
        assertSame(instructed.encode("text", format), "text");
        EncodeOptions both = EncodeOptions.builder().outputs(ALL.outputs()).instruction("mine")
                .instructionFormat("{}: {}!").build();
        assertSame(plain.encode("text", both), "mine: text!");
        EncodeOptions none = EncodeOptions.builder().outputs(ALL.outputs()).instruction("").build();
        assertSame(instructed.encodeQueries("text", none), "text");
    }

    @Test
    void doesNotReplaceBracesInTheInstructionOrTheText() {
        EncodeOptions options = EncodeOptions.builder().outputs(ALL.outputs()).instruction("{}")
                .instructionFormat("{} - {}").build();
        assertSame(plain.encode("{} $1 \\ {}", options), "{} - {} $1 \\ {}");
    }

    @Test
    void countsTheInstructionAmongTheTokens() {
        int tokens = plain.tokenizer().encode("find: text").ids().length;
        assertThat(instructed.encodeQueries("text").tokenCount()).isEqualTo(tokens);
        Embedding cut = instructed.encodeQueries("text", EncodeOptions.builder().maxLength(3).build());
        assertThat(cut.truncated()).isTrue();
        assertThat(cut.fullTokenCount()).isEqualTo(tokens);
    }

    @Test
    void scoresQueriesAndPassagesWithTheirInstructions() {
        PairScores scores = instructed.computeScore(new TextPair("q", "p"));
        assertThat(scores).isEqualTo(PairScores.of(plain.encode("find: q", ALL),
                plain.encode("<passage> [p]", ALL), ScoreWeights.EQUAL));
        // The same text on both sides gets two different instructions.
        assertThat(instructed.computeScore(List.of(new TextPair("q", "q"))).getFirst())
                .isEqualTo(PairScores.of(plain.encode("find: q", ALL), plain.encode("<passage> [q]", ALL),
                        ScoreWeights.EQUAL));
    }

    private static void assertSame(Embedding actual, String text) {
        assertSameBits(text, actual, plain.encode(text, ALL));
    }
}
