package dev.bgem3.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.kernel.Arithmetic;
import java.lang.foreign.MemorySegment;
import java.math.BigDecimal;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ElementsTest {
    private static float roundTrip(Elements elements, float value) {
        short[] stored = new short[1];
        elements.toElements(new float[]{value}, 1, stored);
        float[] back = new float[1];
        elements.toFloats(stored, 1, back, 0);
        return back[0];
    }

    /** Compares with both neighbouring bf16 numbers in exact decimal arithmetic. */
    @Test
    void roundsToTheNearestBf16AndTiesToEven() {
        Random random = new Random(3);
        for (int i = 0; i < 20_000; i++) {
            int bits = i < 4 ? 0x3f800000 + i * 0x8000 : random.nextInt();
            float value = Float.intBitsToFloat(bits);
            if (!Float.isFinite(value)) {
                continue;
            }
            float below = Float.intBitsToFloat(bits & 0xffff0000);
            float above = Float.intBitsToFloat((bits & 0xffff0000) + 0x10000);
            float expected;
            if (Float.isInfinite(above)) {
                expected = (bits & 0xffff) >= 0x8000 ? above : below;
            } else {
                int nearer = distance(value, below).compareTo(distance(value, above));
                expected = nearer < 0 || nearer == 0 && (bits >>> 16 & 1) == 0 ? below : above;
            }
            assertThat(roundTrip(Elements.BF16, value)).as(Integer.toHexString(bits)).isEqualTo(expected);
        }
    }

    private static BigDecimal distance(float a, float b) {
        return new BigDecimal(a).subtract(new BigDecimal(b)).abs();
    }

    @Test
    void preservesNonFiniteNumbers() {
        for (Elements elements : Elements.values()) {
            assertThat(roundTrip(elements, Float.NaN)).isNaN();
            assertThat(roundTrip(elements, Float.intBitsToFloat(0x7f800001))).isNaN();
            assertThat(roundTrip(elements, Float.intBitsToFloat(0xffffffff))).isNaN();
            assertThat(roundTrip(elements, Float.NEGATIVE_INFINITY)).isEqualTo(Float.NEGATIVE_INFINITY);
        }
        assertThat(roundTrip(Elements.FP16, 65_520)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(roundTrip(Elements.BF16, Float.MAX_VALUE)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(roundTrip(Elements.FP16, 65_504)).isEqualTo(65_504);
    }

    @Test
    void readsAcrossPieces() {
        int count = 4096 + 17;
        float[] values = new float[count + 3];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % 2048;
        }
        for (Elements elements : Elements.values()) {
            short[] stored = new short[values.length];
            elements.toElements(values, values.length, stored);
            float[] rounded = new float[values.length];
            elements.toFloats(stored, values.length, rounded, 0);
            float[] out = new float[count + 2];
            elements.read(out, 1, MemorySegment.ofArray(stored), Elements.BYTES * 3, count);
            for (int i = 0; i < count; i++) {
                assertThat(out[i + 1]).isEqualTo(rounded[i + 3]);
            }
            assertThat(out[0]).isZero();
            assertThat(out[count + 1]).isZero();
        }
    }
}
