package dev.bgem3.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.BufferOverflowException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tests the parts of a pass that need no GPU. */
class StepTest {
    @Test
    void laysOutArgumentsLikeACStruct() {
        Arguments arguments = Arguments.of().number(7).pointer(0x1122334455667788L).number(1.5f);
        assertThat(arguments.bytes().limit()).isEqualTo(20);
        assertThat(arguments.bytes().getInt(0)).isEqualTo(Integer.reverseBytes(7));
        assertThat(arguments.bytes().getLong(8)).isEqualTo(Long.reverseBytes(0x1122334455667788L));
        assertThat(arguments.bytes().getInt(16)).isEqualTo(Integer.reverseBytes(Float.floatToIntBits(1.5f)));
    }

    @Test
    void rejectsTooManyArguments() {
        assertThatThrownBy(() -> {
            Arguments arguments = Arguments.of();
            for (int i = 0; i <= Arguments.MAX_BYTES / Long.BYTES; i++) {
                arguments.pointer(i);
            }
        }).isInstanceOf(BufferOverflowException.class);
    }

    @Test
    void comparesPassesByWhatTheyDo() {
        KernelFunction function = new KernelFunction(null, 128, 0);
        Step launch = new Step.Launch(function, 3, 1, Arguments.of().pointer(1).number(2));
        Step same = new Step.Launch(function, 3, 1, Arguments.of().pointer(1).number(2));
        assertThat(List.of(launch)).isEqualTo(List.of(same)).hasSameHashCodeAs(List.of(same));
        assertThat(launch).isNotEqualTo(new Step.Launch(function, 3, 1, Arguments.of().pointer(1).number(3)))
                .isNotEqualTo(new Step.Launch(function, 3, 2, Arguments.of().pointer(1).number(2)))
                .isNotEqualTo(new Step.Launch(new KernelFunction(null, 64, 0), 3, 1,
                        Arguments.of().pointer(1).number(2)));
    }

    @Test
    void coversEverySequenceWithTiles() {
        int[] cumulative = {0, 0, 1, 129, 257, 400};
        assertThat(AttentionTiles.list(cumulative, 128, false)).containsExactly(0, 1, 0, 0, 1, 128, 1, 1, 129,
                128,
                129, 129, 257, 143, 257, 257, 257, 143, 385, 385);
        assertThat(AttentionTiles.list(cumulative, 128, true)).containsExactly(0, 1, 0, 1, 1, 128, 1, 2, 129,
                128,
                129, 3, 257, 143, 257, 4);
        assertThat(AttentionTiles.list(new int[]{0}, 128, false)).isEmpty();
    }

    @Test
    void groupsRowCountsIntoClasses() {
        assertThat(CudaProduct.classOf(1)).isEqualTo(16);
        assertThat(CudaProduct.classOf(16)).isEqualTo(16);
        assertThat(CudaProduct.classOf(17)).isEqualTo(32);
        assertThat(CudaProduct.classOf(65)).isEqualTo(80);
        assertThat(CudaProduct.classOf(1024)).isEqualTo(1024);
        assertThat(CudaProduct.classOf(1025)).isEqualTo(1280);
        assertThat(CudaProduct.classOf(32_768)).isEqualTo(32_768);
        for (int m = 1; m < 5000; m++) {
            assertThat(CudaProduct.classOf(m)).isBetween(m, Math.max(16, m + Math.max(15, m / 4)));
            assertThat(CudaProduct.classOf(CudaProduct.classOf(m))).isEqualTo(CudaProduct.classOf(m));
        }
    }
}
