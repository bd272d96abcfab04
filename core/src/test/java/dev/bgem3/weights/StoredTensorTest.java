package dev.bgem3.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bgem3.error.ModelException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoredTensorTest {
    private static final Path FILE = Path.of("w.bin");

    private static MemorySegment bytes(DType dtype, float... values) {
        ByteBuffer buffer = ByteBuffer.allocate((int) dtype.sizeBytes(values.length))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            switch (dtype) {
                case F64 -> buffer.putDouble(value);
                case F32 -> buffer.putFloat(value);
                case F16 -> buffer.putShort(Float.floatToFloat16(value));
                case BF16 -> buffer.putShort((short) (Float.floatToRawIntBits(value) >>> 16));
                default -> throw new AssertionError(dtype);
            }
        }
        return MemorySegment.ofArray(buffer.array());
    }

    private static float[] counting(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = i % 256 - 100;
        }
        return values;
    }

    @ParameterizedTest
    @ValueSource(strings = {"F64", "F32", "F16", "BF16"})
    void readsRowsOfEveryFloatingTypeAndAwkwardWidths(DType dtype) {
        for (int columns : new int[]{0, 1, 4, 13, 16, 25, 207, 1024, 2047, 2048, 2049, 4098}) {
            float[] values = counting(3 * columns);
            StoredTensor tensor = StoredTensor.contiguous(FILE, "w", dtype, new long[]{3, columns},
                    bytes(dtype, values));
            for (int row = 0; row < 3; row++) {
                float[] read = new float[columns + 2];
                tensor.readRow(row, read, 1);
                float[] expected = new float[columns + 2];
                System.arraycopy(values, row * columns, expected, 1, columns);
                assertThat(read).as("row %d of %d columns", row, columns).containsExactly(expected);
            }
            assertThat(tensor.toFloats()).containsExactly(values);
        }
    }

    @Test
    void convertsEveryHalfExactly() {
        ByteBuffer halves = ByteBuffer.allocate(0x10000 * 2).order(ByteOrder.LITTLE_ENDIAN);
        for (int bits = 0; bits < 0x10000; bits++) {
            halves.putShort((short) bits);
        }
        MemorySegment data = MemorySegment.ofArray(halves.array());
        float[] fromHalf = StoredTensor.contiguous(FILE, "w", DType.F16, new long[]{0x10000}, data)
                .toFloats();
        float[] fromBrain = StoredTensor.contiguous(FILE, "w", DType.BF16, new long[]{0x10000}, data)
                .toFloats();
        for (int bits = 0; bits < 0x10000; bits++) {
            assertThat(Float.floatToIntBits(fromHalf[bits])).as("half 0x%04x", bits)
                    .isEqualTo(Float.floatToIntBits(half(bits)));
            assertThat(Float.floatToIntBits(fromBrain[bits])).as("bfloat16 0x%04x", bits)
                    .isEqualTo(Float.floatToIntBits(Float.intBitsToFloat(bits << 16)));
        }
    }

    /** IEEE 754-2019, section 3.4: sign, 5 bits of exponent with bias 15, 10 bits of fraction. */
    private static float half(int bits) {
        int exponent = bits >> 10 & 31;
        int fraction = bits & 1023;
        double magnitude = switch (exponent) {
            case 0 -> Math.scalb((double) fraction, -24);
            case 31 -> fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
            default -> Math.scalb((double) (1024 + fraction), exponent - 25);
        };
        return (float) (bits < 0x8000 ? magnitude : -magnitude);
    }

    @Test
    void honoursStrides() {
        float[] values = counting(12);
        StoredTensor transposed = StoredTensor.strided(FILE, "w", DType.F16, new long[]{4, 3},
                new long[]{1, 4},
                bytes(DType.F16, values));
        float[] row = new float[3];
        transposed.readRow(1, row, 0);
        assertThat(row).containsExactly(values[1], values[5], values[9]);
        assertThat(transposed.isContiguous()).isFalse();
        assertThat(transposed.toFloats()).containsExactly(values[0], values[4], values[8], values[1],
                values[5],
                values[9], values[2], values[6], values[10], values[3], values[7], values[11]);
    }

    @Test
    void readsThreeDimensionsByTheirStrides() {
        StoredTensor tensor = StoredTensor.strided(FILE, "w", DType.F32, new long[]{2, 2, 3},
                new long[]{1, 6, 2},
                bytes(DType.F32, counting(12)));
        float[] expected = new float[12];
        int at = 0;
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 2; j++) {
                for (int k = 0; k < 3; k++) {
                    expected[at++] = i + 6 * j + 2 * k - 100;
                }
            }
        }
        assertThat(tensor.toFloats()).containsExactly(expected);
    }

    @Test
    void repeatsElementsByAStrideOfZero() {
        StoredTensor expanded = StoredTensor.strided(FILE, "w", DType.F32, new long[]{2, 3}, new long[]{1, 0},
                bytes(DType.F32, 7, 8));
        assertThat(expanded.toFloats()).containsExactly(7, 7, 7, 8, 8, 8);
    }

    @Test
    void readsAVectorAndAScalar() {
        StoredTensor vector = StoredTensor.contiguous(FILE, "w", DType.F32, new long[]{2},
                bytes(DType.F32, 5, 6));
        float[] row = new float[2];
        vector.readRow(0, row, 0);
        assertThat(row).containsExactly(5, 6);
        assertThatThrownBy(() -> vector.readRow(1, row, 0)).isInstanceOf(IndexOutOfBoundsException.class);
        StoredTensor scalar = StoredTensor.contiguous(FILE, "s", DType.F32, new long[0], bytes(DType.F32, 9));
        assertThat(scalar.elementCount()).isEqualTo(1);
        assertThat(scalar.toFloats()).containsExactly(9);
        assertThatThrownBy(() -> scalar.readRow(0, row, 0)).isInstanceOf(ModelException.class)
                .hasMessage("w.bin: tensor \"s\": F32 [] (expected: one or two dimensions)");
    }

    @Test
    void refusesTypesThatAreNotFloatingPoint() {
        StoredTensor tensor = StoredTensor.contiguous(FILE, "ids", DType.I64, new long[]{1, 1},
                MemorySegment.ofArray(new byte[8]));
        assertThatThrownBy(() -> tensor.readRow(0, new float[1], 0)).isInstanceOf(ModelException.class)
                .hasMessage("w.bin: tensor \"ids\": I64 [1, 1] (expected: F32, F16, BF16 or F64)");
        assertThatThrownBy(tensor::toFloats).isInstanceOf(ModelException.class)
                .hasMessage("w.bin: tensor \"ids\": I64 [1, 1] (expected: F32, F16, BF16 or F64)");
    }

    @Test
    void checksRowAndDestination() {
        StoredTensor tensor = StoredTensor.contiguous(FILE, "w", DType.F32, new long[]{2, 3},
                bytes(DType.F32, counting(6)));
        assertThatThrownBy(() -> tensor.readRow(2, new float[3], 0))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> tensor.readRow(-1, new float[3], 0))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> tensor.readRow(0, new float[3], 1))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void refusesDataThatDoesNotMatchTheExtentOfItsStrides() {
        MemorySegment data = MemorySegment.ofArray(new byte[20]);
        assertThatThrownBy(() -> StoredTensor.contiguous(FILE, "w", DType.F32, new long[]{2, 3}, data))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("data: 20 bytes (expected: 24 for 6 elements of F32)");
        assertThatThrownBy(() -> StoredTensor.extent(new long[]{Long.MAX_VALUE}, new long[]{2}))
                .isInstanceOf(ArithmeticException.class);
        assertThatThrownBy(() -> StoredTensor.extent(new long[]{3}, new long[]{-1}))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void knowsTheSizeOfEveryType() {
        assertThat(Arrays.stream(DType.values()).map(type -> type + "=" + type.sizeBits())).containsExactly(
                "BOOL=8",
                "F4=4", "F6_E2M3=6", "F6_E3M2=6", "U8=8", "I8=8", "F8_E5M2=8", "F8_E4M3=8", "F8_E8M0=8",
                "F8_E4M3FNUZ=8",
                "F8_E5M2FNUZ=8", "I16=16", "U16=16", "F16=16", "BF16=16", "I32=32", "U32=32", "F32=32",
                "C64=64",
                "F64=64", "I64=64", "U64=64");
        assertThat(DType.F4.sizeBytes(6)).isEqualTo(3);
        assertThat(DType.F6_E2M3.sizeBytes(4)).isEqualTo(3);
        assertThatThrownBy(() -> DType.F4.sizeBytes(3)).isInstanceOf(ArithmeticException.class);
        assertThatThrownBy(() -> DType.F64.sizeBytes(1L << 61)).isInstanceOf(ArithmeticException.class);
    }
}
