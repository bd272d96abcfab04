package dev.bgem3.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.bgem3.RandomTexts;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BatchPlannerTest {
    private record Waiting(int tokenCount, long arrival) implements BatchPlanner.Text {}

    private static List<Waiting> texts(int... tokens) {
        List<Waiting> all = new ArrayList<>();
        for (int count : tokens) {
            all.add(new Waiting(count, all.size()));
        }
        return all;
    }

    private static BatchPlanner<Waiting> of(int budget, int batches, List<Waiting> texts) {
        BatchPlanner<Waiting> planner = new BatchPlanner<>(budget, batches);
        texts.forEach(planner::add);
        return planner;
    }

    private static List<Long> numbers(List<Waiting> texts) {
        return texts.stream().map(Waiting::arrival).toList();
    }

    @Test
    void takesTheOldestTextAndTheNextOnesThatFit() {
        BatchPlanner<Waiting> planner = of(10, 1, texts(4, 8, 3, 20, 3, 2));
        assertThat(planner.prepared()).containsExactly(3);
        assertThat(numbers(planner.take())).containsExactly(0L, 2L, 4L);
        assertThat(numbers(planner.take())).containsExactly(1L, 5L);
        assertThat(numbers(planner.take())).containsExactly(3L);
        assertThat(planner.take()).isEmpty();
        assertThat(planner.isEmpty()).isTrue();
    }

    @Test
    void preparesNoMoreBatchesThanThereAreSlots() {
        BatchPlanner<Waiting> planner = of(10, 2, texts(6, 6, 4, 6, 6, 4));
        assertThat(planner.prepared()).containsExactly(2, 2);
        assertThat(planner.size()).isEqualTo(6);
        assertThat(numbers(planner.take())).containsExactly(0L, 2L);
        assertThat(planner.prepared()).containsExactly(2, 1);
    }

    @Test
    void givesTheRoomOfARemovedTextToOthers() {
        List<Waiting> all = texts(4, 9, 6, 1);
        BatchPlanner<Waiting> planner = of(10, 1, all);
        assertThat(planner.remove(all.get(0))).isTrue();
        assertThat(planner.remove(all.get(3))).isTrue();
        assertThat(planner.remove(all.get(0))).isFalse();
        assertThat(planner.prepared()).containsExactly(1);
        assertThat(numbers(planner.take())).containsExactly(1L);
        assertThat(numbers(planner.take())).containsExactly(2L);
    }

    /** Returns the next batch, formed from all waiting texts by the documented rule. */
    private static List<Waiting> chosen(List<Waiting> waiting, int budget) {
        List<Waiting> batch = new ArrayList<>();
        long tokens = 0;
        for (Waiting one : waiting) {
            if (batch.isEmpty() || tokens + one.tokenCount() <= budget) {
                batch.add(one);
                tokens += one.tokenCount();
            }
        }
        return batch;
    }

    @Test
    void givesTheSameBatchesAsFormingThemAnew() {
        RandomTexts source = RandomTexts.seeded("batch planner");
        Random random = source.random();
        for (int round = 0; round < 200; round++) {
            int budget = 1 + random.nextInt(40);
            BatchPlanner<Waiting> planner = new BatchPlanner<>(budget, 1 + random.nextInt(3));
            List<Waiting> waiting = new ArrayList<>();
            for (int step = 0; step < 200; step++) {
                switch (random.nextInt(5)) {
                    case 0 -> {
                        List<Waiting> expected = chosen(waiting, budget);
                        assertThat(planner.take()).isEqualTo(expected);
                        waiting.removeAll(expected);
                    }
                    case 1 -> {
                        List<Waiting> leaving = waiting.stream().filter(_ -> random.nextInt(8) == 0).toList();
                        assertThat(leaving).allMatch(planner::remove);
                        waiting.removeAll(leaving);
                    }
                    default -> {
                        Waiting one = new Waiting(1 + random.nextInt(20), round * 1000L + step);
                        planner.add(one);
                        waiting.add(one);
                    }
                }
                assertThat(planner.size()).isEqualTo(waiting.size());
                assertThat(planner.isEmpty()).isEqualTo(waiting.isEmpty());
            }
        }
    }

    /** A text whose token count fails for some time, as the planner sees if it runs out of memory. */
    private static final class Failing implements BatchPlanner.Text {
        private final long arrival;
        private int failures;

        Failing(long arrival) {
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
    void neitherLosesNorDuplicatesATextIfItFails() {
        for (int failing = 0; failing < 8; failing++) {
            for (int failures = 1; failures < 8; failures++) {
                List<Failing> all = new ArrayList<>();
                BatchPlanner<Failing> planner = new BatchPlanner<>(10, 2);
                for (int i = 0; i < 8; i++) {
                    all.add(new Failing(i));
                    planner.add(all.get(i));
                }
                all.get(failing).failures = failures;
                assertThat(planner.remove(all.get(1))).isTrue();
                List<Failing> taken = new ArrayList<>();
                for (int tries = 0; !planner.isEmpty(); tries++) {
                    assertThat(tries).isLessThan(50);
                    try {
                        taken.addAll(planner.take());
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
    void removesATextThatItFailedToAdd() {
        BatchPlanner<Failing> planner = new BatchPlanner<>(10, 1);
        Failing first = new Failing(0);
        Failing second = new Failing(1);
        planner.add(first);
        second.failures = 1;
        assertThatExceptionOfType(OutOfMemoryError.class).isThrownBy(() -> planner.add(second));
        planner.remove(second);
        assertThat(planner.take()).containsExactly(first);
        assertThat(planner.take()).isEmpty();
    }
}
