package dev.bgem3;

import static dev.bgem3.Embeddings.ALL;
import static dev.bgem3.Embeddings.assertSameBits;
import static dev.bgem3.Goldens.ints;
import static dev.bgem3.Goldens.objects;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import dev.bgem3.error.InputException;
import dev.bgem3.error.NonFiniteOutputException;
import dev.bgem3.json.JsonObject;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests inputs of each kind (texts, queries, passages and token ids) and errors that name their place. */
class TextInputTest {
    private static final String PLACE = "passages[0]";

    private static BgeM3 model;

    @TempDir
    private Path folder;

    @BeforeAll
    static void load() {
        model = BgeM3.load(Fixtures.TINY,
                LoadOptions.builder().queryInstruction("q: ").passageInstruction("p: ").build());
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static EncodeOptions cutTo(int maxLength, Truncation truncation) {
        return EncodeOptions.builder().outputs(ALL.outputs()).maxLength(maxLength).truncation(truncation)
                .build();
    }

    @Test
    void encodesEachInputLikeTheMethodForItsKind() {
        int[] ids = model.tokenizer().encode("some ids").ids();
        List<TextInput> inputs = List.of(TextInput.of("text"), TextInput.ofQuery("query"),
                TextInput.ofPassage("passage"), TextInput.ofTokens(ids));
        List<Embedding> expected = List.of(model.encode("text", ALL), model.encodeQuery("query", ALL),
                model.encodePassage("passage", ALL), model.encodeTokenIds(List.of(ids), ALL).getFirst());
        assertSameBits("library", model.encodeInputs(inputs, ALL), expected);
        assertSameBits("tokenized", model.encodeInputs(model.tokenize(inputs, ALL), ALL), expected);
        try (EncodeQueue queue = EncodeQueue.of(model)) {
            assertSameBits("queue", queue.encodeInputs(inputs, ALL).join().results(), expected);
            assertSameBits("tokenized, queue",
                    queue.encodeInputs(model.tokenize(inputs, ALL), ALL).join().results(), expected);
        }
    }

    @Test
    void cutsTextsAndIdsAsTheReferenceDoes() {
        JsonObject whole = objects(Goldens.read("tiny-m3-goldens.json"), "encode").getFirst();
        JsonObject shorter = objects(Goldens.read("tiny-m3-goldens.json"), "encode").getLast();
        int limit = (int) shorter.integer("max_length").orElseThrow();
        List<JsonObject> items = objects(shorter, "items");
        int cut = 0;
        for (int i = 0; i < items.size(); i++) {
            String text = items.get(i).string("text").orElseThrow();
            int[] all = ints(objects(whole, "items").get(i).array("ids").orElseThrow());
            int[] right = ints(items.get(i).array("ids").orElseThrow());
            int[] left = all.length <= limit
                    ? all
                    : IntStream.concat(IntStream.of(all[0]),
                            Arrays.stream(all, all.length - limit + 1, all.length)).toArray();
            for (TextInput input : List.of(TextInput.of(text), TextInput.ofTokens(all))) {
                assertTokens(model.tokenize(List.of(input), cutTo(limit, Truncation.RIGHT)).getFirst(), right,
                        all.length);
                assertTokens(model.tokenize(List.of(input), cutTo(limit, Truncation.LEFT)).getFirst(), left,
                        all.length);
                Embedding of = model.encodeInputs(List.of(input), cutTo(limit, Truncation.LEFT)).getFirst();
                assertThat(of.dense().values()).as(text).isEqualTo(
                        model.encodeTokenIds(List.of(left), ALL).getFirst().dense().values());
                assertThat(of.fullTokenCount()).isEqualTo(all.length);
            }
            cut += all.length > limit ? 1 : 0;
        }
        assertThat(cut).isPositive();
    }

    private static void assertTokens(TextInput.Tokens tokens, int[] ids, int fullCount) {
        assertThat(tokens.tokenIds()).isEqualTo(ids);
        assertThat(tokens.tokenCount()).isEqualTo(ids.length);
        assertThat(tokens.fullTokenCount()).isEqualTo(fullCount);
        assertThat(tokens.truncated()).isEqualTo(fullCount > ids.length);
    }

    @Test
    void keepsPlaceAndLengthOfTokenizedTexts() {
        EncodeOptions four = cutTo(4, Truncation.RIGHT);
        TextInput.Tokens tokens = model
                .tokenize(List.of(TextInput.ofQuery("one two three four").withPlace(PLACE)), four).getFirst();
        assertThat(tokens.place()).hasValue(PLACE);
        assertThat(tokens.characterCount()).isEqualTo("q: one two three four".length());
        Embedding of = model.encodeInputs(List.of(tokens), four).getFirst();
        assertThat(of.tokenCount()).isEqualTo(4);
        assertThat(of.fullTokenCount()).isEqualTo(tokens.fullTokenCount()).isGreaterThan(4);
    }

    @Test
    void limitsTokenIdsByTheModelAndNotByItsLimitForTexts() {
        try (BgeM3 e5 = BgeM3.load(Fixtures.E5)) {
            int max = e5.info().maxLength();
            assertThat(max).isGreaterThan(e5.info().defaultMaxLength());
            int[] ids = new int[max + 5];
            Arrays.fill(ids, 11);
            List<TextInput.Tokens> tokens = e5.tokenize(
                    List.of(TextInput.ofTokens(ids), TextInput.of("word ".repeat(300))),
                    EncodeOptions.defaults());
            assertThat(tokens.stream().map(TextInput.Tokens::tokenCount)).containsExactly(max,
                    e5.info().defaultMaxLength());
            assertThat(tokens.getFirst().fullTokenCount()).isEqualTo(max + 5);
        }
    }

    @Test
    void copiesTheCallersTokenIds() {
        int[] ids = {0, 5, 2};
        TextInput.Tokens input = TextInput.ofTokens(ids);
        ids[1] = -1;
        assertThat(input.tokenIds()).containsExactly(0, 5, 2);
        assertThat(input.place()).isEmpty();
        assertThat(input.withPlace(PLACE).place()).hasValue(PLACE);
        assertThat(input.characterCount()).isZero();
    }

    @Test
    void refusesNull() {
        assertThatNullPointerException().isThrownBy(() -> TextInput.of(null)).withMessage("text");
        assertThatNullPointerException().isThrownBy(() -> TextInput.ofQuery(null)).withMessage("query");
        assertThatNullPointerException().isThrownBy(() -> TextInput.ofPassage(null)).withMessage("passage");
        assertThatNullPointerException().isThrownBy(() -> TextInput.of("a").withPlace(null))
                .withMessage("place");
        assertInput("text 1: null (expected: a text or token ids)",
                () -> model.encodeInputs(Arrays.asList(TextInput.of("a"), null), ALL));
    }

    @Test
    void namesTheInputWithoutAPlaceByItsNumber() {
        assertInput("text 1: token id -1 (expected: 0..1501)",
                () -> model.encodeInputs(List.of(TextInput.of("a"), TextInput.ofTokens(-1)), ALL));
    }

    @Test
    void namesThePlaceOfInvalidIdsInTheLibraryAndTheQueue() {
        List<TextInput> inputs = List.of(TextInput.ofQuery("a").withPlace("query"),
                TextInput.ofTokens(0, 1502, 2).withPlace(PLACE));
        String message = PLACE + ": token id 1502 (expected: 0..1501)";
        assertInput(message, () -> model.encodeInputs(inputs, ALL));
        assertInput(message, () -> model.tokenize(inputs, ALL));
        try (EncodeQueue queue = EncodeQueue.of(model)) {
            assertInput(message, () -> queue.encodeInputs(inputs, ALL));
            assertThat(queue.state()).isEqualTo(new QueueState(0, 0, 0, 512));
        }
        assertInput(PLACE + ": 0 token ids (expected: 1..512)",
                () -> model.encodeInputs(List.of(TextInput.ofTokens().withPlace(PLACE)), ALL));
    }

    private static void assertInput(String message, ThrowingCallable call) {
        assertThatExceptionOfType(InputException.class).isThrownBy(call).withMessage(message);
    }

    @Test
    void namesThePlaceOfNonFiniteOutputsInTheLibraryAndTheQueue() {
        ModelVariant.ofTiny().change("encoder.layer.2.output.LayerNorm.weight",
                values -> Arrays.fill(values, Float.MAX_VALUE)).write(folder);
        List<TextInput> inputs = List.of(TextInput.ofPassage("panda").withPlace(PLACE));
        List<TextInput> ids = List.of(TextInput.ofTokens(0, 5, 2).withPlace(PLACE));
        String text = PLACE + " (\"panda\"): dense: number 0 is ";
        EncodeOptions dense = EncodeOptions.defaults();
        try (BgeM3 broken = BgeM3.load(folder); EncodeQueue queue = EncodeQueue.of(broken)) {
            assertNotFinite(text, () -> broken.encodeInputs(inputs, dense));
            assertNotFinite(text, () -> broken.encodeInputs(broken.tokenize(inputs, dense), dense));
            assertNotFinite(PLACE + ": dense: number 0 is ", () -> broken.encodeInputs(ids, dense));
            assertNotFinite("line 12: query (\"what\"): dense: number 0 is ", () -> broken
                    .computeScore(List.of(new TextPair("what", "panda").withPlace("line 12"))));
            for (List<? extends TextInput> some : List.of(inputs, broken.tokenize(inputs, dense))) {
                assertThatExceptionOfType(CompletionException.class)
                        .isThrownBy(() -> queue.encodeInputs(some, dense).join())
                        .withCauseInstanceOf(NonFiniteOutputException.class).havingCause()
                        .withMessageStartingWith(text);
            }
        }
    }

    private static void assertNotFinite(String message, ThrowingCallable call) {
        assertThatExceptionOfType(NonFiniteOutputException.class).isThrownBy(call)
                .withMessageStartingWith(message);
    }

    @Test
    void namesThePlaceOfAPairInTheRerankerAndItsQueue() {
        List<TextPair> pairs = List.of(new TextPair("What is BGE M3?", "panda").withPlace("passages[0]"),
                new TextPair("What is BGE M3?", "one two three four five six seven eight nine ten")
                        .withPlace("passages[1]"));
        RerankOptions whole = RerankOptions.builder().maxLength(24).truncate(false).build();
        String message = "passages[1] (\"What is BGE M3?\", "
                + "\"one two three four five six seven eight …\"): passage: ";
        try (Reranker reranker = Reranker.load(Fixtures.RERANKER);
                RerankQueue queue = RerankQueue.of(reranker)) {
            assertThatExceptionOfType(InputException.class).isThrownBy(() -> reranker.score(pairs, whole))
                    .withMessageStartingWith(message);
            assertThatExceptionOfType(InputException.class).isThrownBy(() -> queue.score(pairs, whole))
                    .withMessageStartingWith(message);
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> reranker
                            .score(List.of(new TextPair("a", null).withPlace(PLACE)), whole))
                    .withMessage(PLACE + ": null (expected: a query and a passage)");
        }
    }
}
