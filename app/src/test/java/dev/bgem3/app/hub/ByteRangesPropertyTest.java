package dev.bgem3.app.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class ByteRangesPropertyTest {
    private static final int SIZE = 200;

    @RepeatedTest(50)
    void isTheSetOfTheBytesAdded(RepetitionInfo info) {
        Random random = new Random(info.getCurrentRepetition());
        ByteRanges ranges = new ByteRanges();
        BitSet bytes = new BitSet(SIZE);
        for (int i = 0; i < 40; i++) {
            int from = random.nextInt(SIZE);
            int to = Math.min(SIZE, from + random.nextInt(20));
            int before = bytes.cardinality();
            bytes.set(from, to);
            assertThat(ranges.add(from, to)).isEqualTo(bytes.cardinality() - before);
            assertThat(ranges.size()).isEqualTo(bytes.cardinality());
            assertThat(ranges.end()).isEqualTo(bytes.length());
            int gap = bytes.nextClearBit(0);
            Optional<ByteRanges.Range> first = ranges.firstGap(SIZE, 7);
            assertThat(first.isPresent()).isEqualTo(gap < SIZE);
            if (first.isPresent()) {
                int next = bytes.nextSetBit(gap) < 0 ? SIZE : bytes.nextSetBit(gap);
                assertThat(first.get()).isEqualTo(new ByteRanges.Range(gap, Math.min(next, gap + 7)));
            }
            // Adjacent ranges are merged.
            assertThat(ranges.lines().lines().count()).isEqualTo(runs(bytes));
        }
    }

    private static int runs(BitSet bytes) {
        int runs = 0;
        for (int at = bytes.nextSetBit(0); at >= 0; at = bytes.nextSetBit(bytes.nextClearBit(at))) {
            runs++;
        }
        return runs;
    }

    @Test
    void isWrittenAsOneRangePerLine() {
        ByteRanges ranges = new ByteRanges();
        ranges.add(10, 20);
        ranges.add(0, 5);
        assertThat(ranges.lines()).isEqualTo("0-5\n10-20\n");
    }
}
