package dev.bgem3.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PageArenaTest {
    private static final long PAGE = 2 << 20;
    /** Sizes around those of pages and slabs, and larger than any slab. */
    private static final long[] SIZES = {0, 1, 63, 64, 65, 4_096, PAGE - 64, PAGE - 1, PAGE, PAGE + 1,
            3 * PAGE + 17, (64 << 20) - 1, (64 << 20) + 1};
    private static final Path MAPS = Path.of("/proc/self/smaps");

    @Test
    void allocatesAlignedDisjointZeros() {
        try (PageArena arena = new PageArena()) {
            Random random = new Random(7);
            List<MemorySegment> all = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                long bytes = SIZES[random.nextInt(SIZES.length)];
                long alignment = 1L << random.nextInt(13);
                MemorySegment one = arena.allocate(bytes, alignment);
                assertThat(one.byteSize()).isEqualTo(bytes);
                assertThat(one.address() % alignment).as("%d bytes aligned to %d", bytes, alignment).isZero();
                assertThat(one.scope()).isEqualTo(arena.scope());
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
    void asksForLargePagesFromTwoMebibytesOn() throws IOException {
        assumeTrue(SystemPages.find().isPresent() && Files.exists(MAPS), "no large pages to ask for here");
        try (PageArena arena = new PageArena()) {
            assertThat(flagsOf(arena.allocate(PAGE - 1, 64))).doesNotContain(" hg");
            MemorySegment slab = arena.allocate(PAGE + 1, 64);
            assertThat(slab.address() % PAGE).isZero();
            assertThat(flagsOf(slab)).contains(" hg");
            MemorySegment next = arena.allocate(100, 64);
            assertThat(next.address()).isEqualTo(slab.address() + PAGE + 64);
            assertThat(flagsOf(arena.allocate(10 * PAGE, 64))).contains(" hg");
        }
    }

    @Test
    void alignsToMoreThanAPage() {
        try (PageArena arena = new PageArena()) {
            arena.allocate(PAGE, 64);
            MemorySegment aligned = arena.allocate(PAGE, 4 * PAGE);
            assertThat(aligned.address() % (4 * PAGE)).isZero();
            assertThat(aligned.get(ValueLayout.JAVA_BYTE, PAGE - 1)).isZero();
        }
    }

    @Test
    void rejectsInvalidSizesAndAlignments() {
        try (PageArena arena = new PageArena()) {
            arena.allocate(5 * PAGE, 64);
            assertThatIllegalArgumentException().isThrownBy(() -> arena.allocate(-1, 64));
            assertThatIllegalArgumentException().isThrownBy(() -> arena.allocate(PAGE, 0));
            assertThatIllegalArgumentException().isThrownBy(() -> arena.allocate(PAGE, 48));
            for (long bytes : new long[]{Long.MAX_VALUE, Long.MAX_VALUE - 3 * PAGE, 1L << 60}) {
                assertThatExceptionOfType(OutOfMemoryError.class).as("%d bytes", bytes)
                        .isThrownBy(() -> arena.allocate(bytes, 64));
            }
            assertThat(arena.allocate(64, 64).byteSize()).isEqualTo(64);
        }
    }

    @Test
    void canBeUsedByManyThreads() {
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
    void unmapsItsMemoryOnClose() throws IOException {
        PageArena arena = new PageArena();
        MemorySegment given = arena.allocate(200 * PAGE, 64);
        arena.close();
        assertThatIllegalStateException().isThrownBy(() -> given.get(ValueLayout.JAVA_BYTE, 0));
        assertThatIllegalStateException().isThrownBy(() -> arena.allocate(64, 64));
        assertThatIllegalStateException().isThrownBy(() -> arena.allocate(300 * PAGE, 64));
        assertThatIllegalStateException().isThrownBy(arena::close);
        if (Files.exists(MAPS)) {
            assertThat(mappingOf(given).filter(mapping -> mapping.end - mapping.start >= given.byteSize()))
                    .as("where it was").isEmpty();
        }
    }

    private record Mapping(long start, long end, String flags) {}

    private static String flagsOf(MemorySegment memory) throws IOException {
        return mappingOf(memory).orElseThrow().flags;
    }

    /** Returns the mapping that contains the segment's start, see proc(5). */
    private static Optional<Mapping> mappingOf(MemorySegment memory) throws IOException {
        String range = "";
        for (String line : Files.readAllLines(MAPS)) {
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                range = line.substring(0, line.indexOf(' '));
            } else if (line.startsWith("VmFlags:")) {
                long start = Long.parseUnsignedLong(range.split("-")[0], 16);
                long end = Long.parseUnsignedLong(range.split("-")[1], 16);
                if (Long.compareUnsigned(start, memory.address()) <= 0
                        && Long.compareUnsigned(memory.address(), end) < 0) {
                    return Optional.of(new Mapping(start, end, line));
                }
            }
        }
        return Optional.empty();
    }
}
