package dev.bgem3.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.bgem3.RandomTexts;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BatchPlannerTest {
    private record Someone(int tokenCount, long arrival) implements BatchPlanner.Text {}

    private static List<Someone> line(int... tokens) {
        List<Someone> all = new ArrayList<>();
        for (int count : tokens) {
            all.add(new Someone(count, all.size()));
        }
        return all;
    }

    private static BatchPlanner<Someone> of(int budget, int batches, List<Someone> texts) {
        BatchPlanner<Someone> line = new BatchPlanner<>(budget, batches);
        texts.forEach(line::add);
        return line;
    }

    private static List<Long> numbers(List<Someone> texts) {
        return texts.stream().map(Someone::arrival).toList();
    }

    @Test
    void takesTheOldestFirstAndWhoeverFitsBehindIt() {
        BatchPlanner<Someone> line = of(10, 1, line(4, 8, 3, 20, 3, 2));
        assertThat(line.prepared()).containsExactly(3);
        assertThat(numbers(line.take())).containsExactly(0L, 2L, 4L);
        assertThat(numbers(line.take())).containsExactly(1L, 5L);
        assertThat(numbers(line.take())).containsExactly(3L);
        assertThat(line.take()).isEmpty();
        assertThat(line.isEmpty()).isTrue();
    }

    @Test
    void preparesAsManyBatchesAsThereAreLanesAndNoMore() {
        BatchPlanner<Someone> line = of(10, 2, line(6, 6, 4, 6, 6, 4));
        assertThat(line.prepared()).containsExactly(2, 2);
        assertThat(line.size()).isEqualTo(6);
        assertThat(numbers(line.take())).containsExactly(0L, 2L);
        assertThat(line.prepared()).containsExactly(2, 1);
    }

    @Test
    void letsOthersHaveTheRoomOfWhoLeaves() {
        List<Someone> all = line(4, 9, 6, 1);
        BatchPlanner<Someone> line = of(10, 1, all);
        assertThat(line.remove(all.get(0))).isTrue();
        assertThat(line.remove(all.get(3))).isTrue();
        assertThat(line.remove(all.get(0))).isFalse();
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
            BatchPlanner<Someone> line = new BatchPlanner<>(budget, 1 + random.nextInt(3));
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
                        assertThat(leaving).allMatch(line::remove);
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

    /** One whose tokens cannot be counted for some time: what a line meets that is out of memory. */
    private static final class Unlucky implements BatchPlanner.Text {
        private final long arrival;
        private int failures;

        Unlucky(long arrival) {
            this.arrival = arrival;
        }

        @Override
        public int tokenCount() {
            if (failures-- > 0) {
                throw new OutOfMemoryError("on purpose");
            }
            return 4;
        }

        @Override
        public long arrival() {
            return arrival;
        }
    }

    @Test
    void losesNobodyAndHasNobodyTwiceWhereverItFails() {
        for (int failing = 0; failing < 8; failing++) {
            for (int failures = 1; failures < 8; failures++) {
                List<Unlucky> all = new ArrayList<>();
                BatchPlanner<Unlucky> line = new BatchPlanner<>(10, 2);
                for (int i = 0; i < 8; i++) {
                    all.add(new Unlucky(i));
                    line.add(all.get(i));
                }
                all.get(failing).failures = failures;
                assertThat(line.remove(all.get(1))).isTrue();
                List<Unlucky> taken = new ArrayList<>();
                for (int tries = 0; !line.isEmpty(); tries++) {
                    assertThat(tries).isLessThan(50);
                    try {
                        taken.addAll(line.take());
                    } catch (OutOfMemoryError _) {
                        continue;
                    }
                }
                all.remove(1);
                assertThat(taken).as("text %d fails %d times", failing, failures)
                        .containsExactlyInAnyOrderElementsOf(all);
            }
        }
    }

    @Test
    void takesOutWhomItFailedToLetIn() {
        BatchPlanner<Unlucky> line = new BatchPlanner<>(10, 1);
        Unlucky first = new Unlucky(0);
        Unlucky second = new Unlucky(1);
        line.add(first);
        second.failures = 1;
        assertThatExceptionOfType(OutOfMemoryError.class).isThrownBy(() -> line.add(second));
        line.remove(second);
        assertThat(line.take()).containsExactly(first);
        assertThat(line.take()).isEmpty();
    }
}
