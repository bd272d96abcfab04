package dev.bgem3.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bgem3.error.OutOfDeviceMemoryException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChunksTest {
    /** Simulated memory with addresses from 0 on, of which at most {@code room} bytes can be allocated. */
    private static final class Memory implements Chunks.Source<Long> {
        private final List<Long> taken = new ArrayList<>();
        private final List<Long> sizes = new ArrayList<>();
        private long next;
        private long room = Long.MAX_VALUE;

        @Override
        public Long allocate(long bytes) {
            if (bytes > room) {
                throw new OutOfDeviceMemoryException(bytes + " bytes");
            }
            room -= bytes;
            taken.add(next);
            sizes.add(bytes);
            next += bytes;
            return next - bytes;
        }

        @Override
        public void free(Long address) {
            int i = taken.indexOf(address);
            room += sizes.remove(i);
            taken.remove(i);
        }

        @Override
        public Long slice(Long address, long offsetBytes, long bytes) {
            return address + offsetBytes;
        }
    }

    private final Memory memory = new Memory();
    private final Chunks<Long> chunks = new Chunks<>(memory);

    @Test
    void allocatesNothingUnderASteadyLoad() {
        for (int pass = 0; pass < 5; pass++) {
            boolean moved = chunks.reset();
            assertThat(moved).isEqualTo(pass == 1);
            long first = chunks.take(1000);
            long second = chunks.take(1);
            assertThat(second - first).isGreaterThanOrEqualTo(1000);
            assertThat(first % 256).isZero();
            assertThat(second % 256).isZero();
        }
        assertThat(memory.taken).hasSize(1);
    }

    @Test
    void allowsSmallerRequestsAfterAFailure() {
        memory.room = 2048;
        chunks.take(1024);
        assertThatThrownBy(() -> chunks.take(2000)).isInstanceOf(OutOfDeviceMemoryException.class)
                .hasMessage("2048 bytes");
        assertThat(chunks.reset()).isTrue();
        assertThat(memory.taken).isEmpty();
        chunks.take(1500);
        assertThat(memory.taken).hasSize(1);
    }

    @Test
    void freesEverythingOnClose() {
        chunks.take(10);
        chunks.take(100_000);
        chunks.close();
        assertThat(memory.taken).isEmpty();
    }
}
