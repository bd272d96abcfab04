package dev.bgem3.app.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.bgem3.app.api.RequestJson;
import dev.bgem3.tokenizer.Tokenizer;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Compares the bounds on the heap with the bytes that are then allocated in total, which are more than are
 * held at a time.
 */
class HeapCostTest {
    private static final int LENGTH = 200_000;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final Tokenizer TOKENIZER = Tokenizer.load(ServerFixture.MINI);

    private static long allocatedBy(Runnable work) {
        work.run(); // Loads classes.
        long before = THREADS.getCurrentThreadAllocatedBytes();
        work.run();
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }

    private static String filled(String unit) {
        return unit.repeat(LENGTH / unit.length());
    }

    @ParameterizedTest
    @ValueSource(strings = {"[],", "{},", "[[]],", "{\"a\":{}},", "\"a\",", "\"\",", "1,", "12345,", "1.5,",
            "true,",
            "{\"a\":1},", "[1,2],", "\"你\","})
    void readingABodyStaysWithinTheBound(String unit) {
        byte[] body = ("{\"inputs\":[" + filled(unit) + "0]}").getBytes(StandardCharsets.UTF_8);
        assertThat(allocatedBy(() -> RequestJson.read(body))).isLessThan(RequestJson.cost(body).toRead());
    }

    @Test
    void readingABodyOfManyNamesStaysWithinTheBound() {
        byte[] body = IntStream.range(0, LENGTH / 10).mapToObj(i -> "\"" + i + "\":1")
                .collect(Collectors.joining(",", "{", "}")).getBytes(StandardCharsets.UTF_8);
        assertThat(allocatedBy(() -> RequestJson.read(body))).isLessThan(RequestJson.cost(body).toRead());
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain words of a text ", "a", "你好世界，", "你 ", "ﷺ", "½", "㌀", "！", "…", "1 ", "é ",
            "😀",
            "<mask>", "e\u0301"})
    void tokenizingATextStaysWithinTheBound(String unit) {
        String text = filled(unit);
        // A fifth is in arrays that became too small and are garbage at the end.
        assertThat(allocatedBy(() -> TOKENIZER.encode(text, 512)))
                .isLessThan(HeapCost.heapToTokenize(text) * 5 / 4);
    }
}
