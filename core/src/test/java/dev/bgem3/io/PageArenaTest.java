package dev.bgem3.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PageArenaTest {
    private static final long PAGE = 2 << 20;
    /** Around pages and slabs, and larger than any slab. */
    private static final long[] SIZES = {0, 1, 63, 64, 65, 4_096, PAGE - 64, PAGE - 1, PAGE, PAGE + 1,
            3 * PAGE + 17, (64 << 20) - 1, (64 << 20) + 1};

    @Test
    void givesZerosThatAreAlignedAndApart() {
        try (PageArena arena = new PageArena()) {
            Random random = new Random(7);
            List<MemorySegment> all = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                long bytes = SIZES[random.nextInt(SIZES.length)];
                long alignment = 1L << random.nextInt(13);
                MemorySegment one = arena.allocate(bytes, alignment);
                assertThat(one.byteSize()).isEqualTo(bytes);
                assertThat(one.address() % alignment).as("%d bytes aligned to %d", bytes, alignment).isZero();
                if (bytes > 0) {
                    assertThat(one.get(ValueLayout.JAVA_BYTE, 0)).isZero();
                    assertThat(one.get(ValueLayout.JAVA_BYTE, bytes - 1)).isZero();
                    one.set(ValueLayout.JAVA_BYTE, 0, (byte) -1);
                    one.set(ValueLayout.JAVA_BYTE, bytes - 1, (byte) -1);
                }
                for (MemorySegment other : all) {
                    assertThat(one.asOverlappingSlice(other)).as("%s, %s", one, other).isEmpty();
                }
                all.add(one);
            }
        }
    }

    @Test
    void alignsToWhatIsLargerThanAPage() {
        try (PageArena arena = new PageArena()) {
            arena.allocate(PAGE, 64);
            MemorySegment aligned = arena.allocate(PAGE, 4 * PAGE);
            assertThat(aligned.address() % (4 * PAGE)).isZero();
            assertThat(aligned.get(ValueLayout.JAVA_BYTE, PAGE - 1)).isZero();
        }
    }

    @Test
    void servesManyThreads() {
        try (PageArena arena = new PageArena()) {
            List<MemorySegment> all = IntStream.range(0, 2_000).parallel()
                    .mapToObj(i -> arena.allocate(10_000, 64).fill((byte) i)).toList();
            for (int i = 0; i < all.size(); i++) {
                MemorySegment one = all.get(i);
                assertThat(one.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) i);
                assertThat(one.get(ValueLayout.JAVA_BYTE, 9_999)).isEqualTo((byte) i);
            }
        }
    }

    @Test
    void endsWhatItGave() throws IOException {
        PageArena arena = new PageArena();
        MemorySegment given = arena.allocate(5 * PAGE, 64).fill((byte) 1);
        assertThat(given.scope()).isEqualTo(arena.scope());
        long before = mappedBytes();
        arena.close();
        assertThatIllegalStateException().isThrownBy(() -> given.get(ValueLayout.JAVA_BYTE, 0));
        assertThatIllegalStateException().isThrownBy(() -> arena.allocate(5 * PAGE, 64));
        assertThat(before - mappedBytes()).as("bytes unmapped").isGreaterThanOrEqualTo(5 * PAGE);
    }

    private static long mappedBytes() throws IOException {
        Path size = Path.of("/proc/self/statm");
        assumeTrue(Files.exists(size), "no " + size + " here: what is mapped cannot be seen");
        return 4_096 * Long.parseLong(Files.readString(size).split(" ")[0]);
    }
}
