package dev.bgem3.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.reflect.UndeclaredThrowableException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests how far a stream of embeddings reads ahead in its texts, with a fake model. */
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
    void takesAWindowOfAFlatMap() {
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
    void takesAWindowOfPushedTexts() {
        assertOneWindow(() -> Stream.of(1).mapMulti((_, out) -> many().forEach(out)));
        assertOneWindow(() -> Stream.of(1).mapMulti((_, out) -> {
            while (true) {
                out.accept("endless");
            }
        }));
        assertOneWindow(() -> Stream.of(1).mapMulti((_, out) -> many().forEach(text -> {
            try {
                out.accept(text);
            } catch (Exception e) {
                throw new AssertionError("an exception that texts' streams can catch", e);
            }
        })));
    }

    @Test
    void takesAWindowOfAFlatMapWithinAConcatenation() {
        assertOneWindow(() -> Stream.concat(Stream.of(1).flatMap(_ -> many()), Stream.of("last")));
        assertOneWindow(() -> Stream.concat(Stream.of(1).flatMap(_ -> Stream.generate(() -> "endless")),
                Stream.of("last")));
    }

    @Test
    void holdsOneWindowInEveryTerminalOperation() {
        List<Supplier<Stream<String>>> sources = List.of(EncodeStreamTest::many,
                () -> Stream.of(1).flatMap(_ -> many()),
                () -> Stream.concat(Stream.of(1).flatMap(_ -> many()), Stream.empty()),
                () -> Stream.of(1).mapMulti((_, out) -> many().forEach(out)));
        List<BiConsumer<Stream<String>, Consumer<String>>> uses = List.of(Stream::forEach,
                (result, given) -> result.parallel().forEach(given),
                (result, given) -> result.parallel().map(text -> text).forEachOrdered(given),
                (result, given) -> result.iterator().forEachRemaining(given),
                (result, given) -> result.parallel().iterator().forEachRemaining(given),
                (result, given) -> result.spliterator().forEachRemaining(given),
                (result, given) -> result.allMatch(text -> {
                    given.accept(text);
                    return true;
                }));
        for (Supplier<Stream<String>> source : sources) {
            for (BiConsumer<Stream<String>, Consumer<String>> use : uses) {
                taken.set(0);
                AtomicInteger given = new AtomicInteger();
                AtomicInteger furthest = new AtomicInteger();
                use.accept(encode(source.get()), _ -> furthest
                        .accumulateAndGet(taken.get() - given.incrementAndGet(), Math::max));
                assertThat(given).hasValue(MANY);
                assertThat(furthest.get()).isLessThanOrEqualTo(WINDOW);
            }
        }
    }

    @Test
    void anIteratorOfTheResultTakesAWindow() {
        for (Stream<String> texts : List.of(many(), Stream.of(1).flatMap(_ -> many()))) {
            taken.set(0);
            Iterator<String> iterator = encode(texts).iterator();
            assertThat(taken).hasValue(0);
            iterator.next();
            assertThat(taken.get()).isLessThanOrEqualTo(WINDOW);
        }
    }

    @Test
    void readsInTheCallersThreadIfAllResultsAreTaken() {
        Thread caller = Thread.currentThread();
        assertThat(encode(many().peek(_ -> assertThat(Thread.currentThread()).isSameAs(caller))).toList())
                .hasSize(MANY);
    }

    @Test
    void endsTheReadingThreadWithTheTextsOnCloseAndWithoutReferences() throws InterruptedException {
        awaitNoReaders(); // Other tests may have left some.
        assertThat(encode(Stream.of("a")).findFirst()).isPresent();
        awaitEnd();
        Stream<String> closed = encode(many());
        Iterator<String> iterator = closed.iterator();
        iterator.next();
        assertThat(readers()).isEqualTo(1);
        closed.close();
        awaitEnd();
        encode(Stream.of(1).flatMap(_ -> Stream.generate(() -> "endless"))).iterator().next();
        awaitNoReaders();
    }

    private static long readers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> "bgem3-texts".equals(thread.getName())).count();
    }

    private static void awaitEnd() throws InterruptedException {
        while (readers() > 0) {
            Thread.sleep(10);
        }
    }

    private static void awaitNoReaders() throws InterruptedException {
        while (readers() > 0) {
            System.gc();
            Thread.sleep(10);
        }
    }

    @Test
    void rethrowsTheExceptionsOfTheTexts() {
        IOException failure = new IOException("no such line");
        Supplier<Stream<String>> texts = () -> many().peek(text -> {
            if (taken.get() == WINDOW + 1) {
                sneak(failure);
            }
        });
        assertThatThrownBy(() -> encode(texts.get()).forEach(_ -> {})).isSameAs(failure);
        taken.set(0);
        Iterator<String> iterator = encode(texts.get()).iterator();
        for (int i = 0; i < WINDOW; i++) {
            iterator.next();
        }
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(iterator::next).isInstanceOf(UndeclaredThrowableException.class)
                    .hasCause(failure);
        }
    }

    @SuppressWarnings("unchecked")
    private static <E extends Exception> void sneak(Exception e) throws E {
        throw (E) e;
    }

    @Test
    void anInterruptReachesTheTextsAndIsKept() {
        CountDownLatch never = new CountDownLatch(1);
        Stream<String> texts = many().peek(_ -> {
            try {
                never.await();
            } catch (InterruptedException _) {
                throw new IllegalStateException("interrupted");
            }
        });
        Thread caller = Thread.currentThread();
        Thread.ofVirtual().start(caller::interrupt);
        Iterator<String> iterator = encode(texts).iterator();
        assertThatExceptionOfType(IllegalStateException.class).isThrownBy(iterator::next)
                .withMessage("interrupted");
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void closingEndsAReaderThatWaitsForItsTexts() throws InterruptedException {
        CountDownLatch reading = new CountDownLatch(1);
        CountDownLatch never = new CountDownLatch(1);
        AtomicInteger closed = new AtomicInteger();
        Stream<String> result = encode(many().onClose(closed::incrementAndGet).peek(_ -> {
            reading.countDown();
            try {
                never.await();
            } catch (InterruptedException _) {
                closed.compareAndSet(0, -1);
            }
        }));
        Iterator<String> iterator = result.iterator();
        Thread caller = Thread.ofPlatform().start(() -> assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(iterator::next));
        reading.await();
        result.close();
        caller.join();
        assertThat(closed).as("0 if the reader ended before the texts were closed").hasValue(0);
        assertThat(taken.get()).isLessThanOrEqualTo(2);
    }

    @Test
    void refusesToBeginOnceClosed() {
        Stream<String> result = encode(many());
        Iterator<String> iterator = result.iterator();
        result.close();
        assertThatExceptionOfType(IllegalStateException.class).isThrownBy(iterator::next)
                .withMessage("the stream is closed");
        assertThat(taken).hasValue(0);
    }

    @Test
    void refusesToContinueOnceClosed() {
        Stream<String> result = encode(many());
        Iterator<String> iterator = result.iterator();
        for (int i = 0; i < WINDOW; i++) {
            iterator.next();
        }
        result.close();
        assertThatExceptionOfType(IllegalStateException.class).isThrownBy(iterator::next)
                .withMessage("the stream is closed");
    }

    @Test
    void encodesOneEmptyWindowIfThereAreNoTexts() {
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
    void failsEachTimeInsteadOfSkippingAWindow() {
        Iterator<String> iterator = EncodeStream.<String>of(many(), 1_000_000, (_, first) -> {
            throw new IllegalStateException("window from " + first);
        }).iterator();
        for (int i = 0; i < 3; i++) {
            assertThatExceptionOfType(IllegalStateException.class).isThrownBy(iterator::next)
                    .withMessage("window from 0");
        }
    }
}
