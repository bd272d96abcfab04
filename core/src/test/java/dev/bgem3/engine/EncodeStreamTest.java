package dev.bgem3.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How far a stream of embeddings reads ahead in its texts, before a pretended model. */
@Timeout(60)
class EncodeStreamTest {
    private static final int MANY = 50_000;
    private static final int WINDOW = 4096;

    private final AtomicInteger taken = new AtomicInteger();
    private final List<Integer> windows = Collections.synchronizedList(new ArrayList<>());

    private Stream<String> encode(Stream<String> texts) {
        return EncodeStream.of(texts.peek(_ -> taken.incrementAndGet()), 1_000_000, (window, _) -> {
            windows.add(window.size());
            return window;
        });
    }

    private static Stream<String> many() {
        return IntStream.range(0, MANY).mapToObj(i -> "t");
    }

    private void assertOneWindow(Supplier<Stream<String>> texts) {
        taken.set(0);
        windows.clear();
        assertThat(encode(texts.get()).findFirst()).isPresent();
        assertThat(taken.get()).isLessThanOrEqualTo(WINDOW);
        taken.set(0);
        windows.clear();
        assertThat(encode(texts.get()).limit(WINDOW + 1).count()).isEqualTo(WINDOW + 1);
        assertThat(taken.get()).isLessThanOrEqualTo(2 * WINDOW);
        assertThat(windows).hasSize(2);
    }

    @Test
    void takesAWindowOfWhateverAFlatMapBecomes() {
        assertOneWindow(() -> Stream.of(1).flatMap(_ -> many()));
        assertOneWindow(() -> Stream.of(1).flatMap(_ -> Stream.generate(() -> "endless")));
        assertOneWindow(() -> Stream.of(1, 2).flatMap(_ -> Stream.of(1, 2)).flatMap(_ -> many()));
    }

    @Test
    void takesAWindowOfConcatenatedAndEndlessSources() {
        assertOneWindow(() -> Stream.concat(many(), many()));
        assertOneWindow(() -> Stream.generate(() -> "endless"));
        assertOneWindow(() -> Stream.iterate("x", text -> text));
    }

    @Test
    void takesAWindowOfParallelSources() {
        assertOneWindow(() -> many().parallel());
        assertOneWindow(() -> Stream.generate(() -> "endless").parallel());
        assertOneWindow(() -> Collections.nCopies(MANY, "t").parallelStream().map(text -> text + text));
    }

    @Test
    void encodesAWindowAndKeepsNoMoreOfWhatMapMultiPushes() {
        assertThat(encode(Stream.of(1).<String>mapMulti((_, out) -> many().forEach(out))).findFirst())
                .isPresent();
        assertThat(windows).containsExactly(WINDOW);
    }

    @Test
    void holdsAWindowOfAFlatMapWithinAConcatenation() {
        AtomicInteger given = new AtomicInteger();
        AtomicInteger furthest = new AtomicInteger();
        encode(Stream.concat(Stream.of(1).flatMap(_ -> many()), Stream.of("last"))).forEach(_ -> furthest
                .accumulateAndGet(taken.get() - given.incrementAndGet(), Math::max));
        assertThat(given).hasValue(MANY + 1);
        assertThat(furthest.get()).isLessThanOrEqualTo(WINDOW);
    }

    @Test
    void anIteratorOfTheResultTakesAWindow() {
        Iterator<String> iterator = encode(many()).iterator();
        assertThat(taken).hasValue(0);
        iterator.next();
        assertThat(taken.get()).isLessThanOrEqualTo(WINDOW);
    }

    @Test
    void encodesNothingOnceIfThereAreNoTexts() {
        assertThat(encode(Stream.empty())).isEmpty();
        assertThat(windows).containsExactly(0);
    }

    @Test
    void closesTheTexts() {
        AtomicInteger closed = new AtomicInteger();
        try (Stream<String> result = encode(many().onClose(closed::incrementAndGet))) {
            result.findFirst();
        }
        assertThat(closed).hasValue(1);
    }

    @Test
    void failsAgainAndAgainRatherThanLeaveAWindowOut() {
        Iterator<String> iterator = EncodeStream.<String>of(many(), 1_000_000, (_, first) -> {
            throw new IllegalStateException("window from " + first);
        }).iterator();
        for (int i = 0; i < 3; i++) {
            assertThatExceptionOfType(IllegalStateException.class).isThrownBy(iterator::next)
                    .withMessage("window from 0");
        }
    }
}
