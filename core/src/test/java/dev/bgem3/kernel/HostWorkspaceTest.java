package dev.bgem3.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class HostWorkspaceTest {
    private static final long LARGE = 64 << 20;

    private final HostWorkspace workspace = new HostWorkspace();

    @Test
    void growsToTheRequestedSizeOnly() {
        try (workspace) {
            for (long bytes = LARGE; bytes < LARGE + 100; bytes++) {
                workspace.reset();
                workspace.memory(bytes);
                assertThat(workspace.heldBytes()).isBetween(bytes, bytes + 63);
            }
        }
    }

    @Test
    void replacesTheChunksOfAPassByOne() {
        try (workspace) {
            workspace.memory(1_000);
            workspace.reset();
            MemorySegment first = workspace.memory(640);
            MemorySegment second = workspace.memory(6_400);
            first.fill((byte) 1);
            second.fill((byte) 2);
            assertThat(first.asOverlappingSlice(second)).isEmpty();
            workspace.reset();
            assertThat(workspace.heldBytes()).isEqualTo(640 + 6_400);
            workspace.memory(640);
            workspace.memory(6_400);
            assertThat(workspace.heldBytes()).isEqualTo(640 + 6_400);
        }
        assertThat(workspace.heldBytes()).isZero();
    }

    @Test
    void alignsTensorsOfAnySize() {
        try (workspace) {
            for (int columns : new int[]{0, 1, 15, 16, 17, 31}) {
                HostTensor tensor = HostTensor.of(workspace.tensor(3, columns));
                assertThat(tensor.data().address() % 64).isZero();
                assertThat(tensor.data().byteSize()).isEqualTo(12L * columns);
            }
        }
    }
}
