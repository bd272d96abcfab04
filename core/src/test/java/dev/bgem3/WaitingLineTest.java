package dev.bgem3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WaitingLineTest {
    private record Someone(int tokenCount, long arrival) implements WaitingLine.Text {}

    private static List<Someone> line(int... tokens) {
        List<Someone> all = new ArrayList<>();
        for (int count : tokens) {
            all.add(new Someone(count, all.size()));
        }
        return all;
    }

    private static WaitingLine<Someone> of(int budget, int batches, List<Someone> texts) {
        WaitingLine<Someone> line = new WaitingLine<>(budget, batches);
        texts.forEach(line::add);
        return line;
    }

    private static List<Long> numbers(List<Someone> texts) {
        return texts.stream().map(Someone::arrival).toList();
    }

    @Test
    void takesTheOldestFirstAndWhoeverFitsBehindIt() {
        WaitingLine<Someone> line = of(10, 1, line(4, 8, 3, 20, 3, 2));
        assertThat(line.prepared()).containsExactly(3);
        assertThat(numbers(line.take())).containsExactly(0L, 2L, 4L);
        assertThat(numbers(line.take())).containsExactly(1L, 5L);
        assertThat(numbers(line.take())).containsExactly(3L);
        assertThat(line.take()).isEmpty();
        assertThat(line.isEmpty()).isTrue();
    }

    @Test
    void preparesAsManyBatchesAsThereAreLanesAndNoMore() {
        WaitingLine<Someone> line = of(10, 2, line(6, 6, 4, 6, 6, 4));
        assertThat(line.prepared()).containsExactly(2, 2);
        assertThat(line.size()).isEqualTo(6);
        assertThat(numbers(line.take())).containsExactly(0L, 2L);
        assertThat(line.prepared()).containsExactly(2, 1);
    }

    @Test
    void letsOthersHaveTheRoomOfWhoLeaves() {
        List<Someone> all = line(4, 9, 6, 1);
        WaitingLine<Someone> line = of(10, 1, all);
        assertThat(line.removeAll(List.of(all.get(0), all.get(3)))).isEqualTo(2);
        assertThat(line.removeAll(List.of(all.get(0)))).isZero();
        assertThat(line.prepared()).containsExactly(1);
        assertThat(numbers(line.take())).containsExactly(1L);
        assertThat(numbers(line.take())).containsExactly(2L);
    }

    /** Chosen anew each time by the rule's own words. */
    private static List<Someone> chosen(List<Someone> waiting, int budget) {
        List<Someone> batch = new ArrayList<>();
        long tokens = 0;
        for (Someone one : waiting) {
            if (batch.isEmpty() || tokens + one.tokenCount() <= budget) {
                batch.add(one);
                tokens += one.tokenCount();
            }
        }
        return batch;
    }

    @Test
    void isTheSameAsChoosingAnewWhoeverComesAndGoes() {
        RandomTexts source = RandomTexts.seeded("waiting line");
        Random random = source.random();
        for (int round = 0; round < 200; round++) {
            int budget = 1 + random.nextInt(40);
            WaitingLine<Someone> line = new WaitingLine<>(budget, 1 + random.nextInt(3));
            List<Someone> waiting = new ArrayList<>();
            for (int step = 0; step < 200; step++) {
                switch (random.nextInt(5)) {
                    case 0 -> {
                        List<Someone> expected = chosen(waiting, budget);
                        assertThat(line.take()).isEqualTo(expected);
                        waiting.removeAll(expected);
                    }
                    case 1 -> {
                        List<Someone> leaving = waiting.stream().filter(_ -> random.nextInt(8) == 0).toList();
                        assertThat(line.removeAll(leaving)).isEqualTo(leaving.size());
                        waiting.removeAll(leaving);
                    }
                    default -> {
                        Someone one = new Someone(1 + random.nextInt(20), round * 1000L + step);
                        line.add(one);
                        waiting.add(one);
                    }
                }
                assertThat(line.size()).isEqualTo(waiting.size());
                assertThat(line.isEmpty()).isEqualTo(waiting.isEmpty());
            }
        }
    }
}
