package dev.bgem3.asm.x64;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.asm.Code;
import dev.bgem3.asm.ExecutableMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Compares assembled matrix products with plain loops, on the units that this machine has.
 *
 * <p>
 * The numbers are multiples of 1/8 up to 1 (int8: all integers), so that every product and every sum of up to
 * 2¹⁸ of them is a multiple of 1/64 below 2²⁴/64: exact in fp32 in any order. So the results must be equal.
 */
class TileKernelDifferentialTest {
    private static final long SEED = new Random().nextLong();

    private record Case(TileKernel kernel, List<CpuFeature> needs) {}

    static Stream<Case> cases() {
        List<CpuFeature> avx2 = List.of(CpuFeature.AVX2, CpuFeature.FMA);
        List<CpuFeature> avx512 = List.of(CpuFeature.AVX512F);
        List<CpuFeature> bf16 = List.of(CpuFeature.AVX512F, CpuFeature.AVX512_BF16);
        List<CpuFeature> vnni = List.of(CpuFeature.AVX512F, CpuFeature.AVX512_VNNI);
        List<CpuFeature> avxVnni = List.of(CpuFeature.AVX2, CpuFeature.AVX_VNNI);
        return Stream.of(true, false).flatMap(packed -> Stream.of(
                new Case(new TileKernel(VectorOp.VFMADD231PS, 12, 2, 64, packed, true, 8), avx512),
                new Case(new TileKernel(VectorOp.VFMADD231PS, 14, 2, 64, packed, false, 0), avx512),
                new Case(new TileKernel(VectorOp.VFMADD231PS, 9, 3, 64, packed, true, 0), avx512),
                new Case(new TileKernel(VectorOp.VFMADD231PS, 1, 1, 64, packed, false, 0), avx512),
                new Case(new TileKernel(VectorOp.VFMADD231PS, 6, 2, 32, packed, false, 0), avx2),
                new Case(new TileKernel(VectorOp.VFMADD231PS, 4, 3, 32, packed, false, 8), avx2),
                new Case(new TileKernel(VectorOp.VDPBF16PS, 12, 2, 64, packed, true, 0), bf16),
                new Case(new TileKernel(VectorOp.VPDPBUSD, 12, 2, 64, packed, false, 0), vnni),
                new Case(new TileKernel(VectorOp.VPDPBUSD_VEX, 6, 2, 32, packed, false, 0), avxVnni)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void equalsPlainLoops(Case given) {
        CpuFeatures cpu = CpuFeatures.ofThisMachine();
        assumeTrue(cpu.usable().containsAll(given.needs), () -> cpu + " lacks some of " + given.needs);
        TileKernel kernel = given.kernel;
        int elementsPerWord = elementsPerWord(kernel.operation());
        int columns = kernel.vectors() * kernel.widthBytes() / 4;
        for (int blocks : new int[]{1, 3}) {
            for (int steps : new int[]{4, 8, 132}) {
                check(kernel, blocks, steps, steps * elementsPerWord, columns);
            }
        }
    }

    private static int elementsPerWord(VectorOp operation) {
        return switch (operation) {
            case VFMADD231PS -> 1;
            case VDPBF16PS -> 2;
            default -> 4;
        };
    }

    private static void check(TileKernel kernel, int blocks, int steps, int depth, int columns) {
        Random random = new Random(SEED);
        int rows = blocks * kernel.rows();
        boolean integers = depth == 4 * steps;
        int[][] a = numbers(random, rows, depth, integers ? -128 : -8, integers ? 127 : 8);
        int[][] b = numbers(random, depth, columns, integers ? 0 : -8, integers ? 255 : 8);
        try (Arena arena = Arena.ofConfined()) {
            Code code = ExecutableMemory.load(arena, "tile", kernel.assemble(Abi.ofThisMachine()));
            MemorySegment aMemory = arena.allocate(4L * rows * steps, 64);
            MemorySegment bMemory = arena.allocate(4L * columns * steps, 64);
            MemorySegment cMemory = arena.allocate(4L * rows * columns, 64);
            int perWord = depth / steps;
            for (int row = 0; row < rows; row++) {
                for (int step = 0; step < steps; step++) {
                    int block = row / kernel.rows();
                    long word = kernel.packed()
                            ? ((long) block * steps + step) * kernel.rows() + row % kernel.rows()
                            : (long) row * steps + step;
                    for (int part = 0; part < perWord; part++) {
                        put(aMemory, word, part, perWord, a[row][step * perWord + part]);
                    }
                }
            }
            for (int k = 0; k < depth; k++) {
                for (int column = 0; column < columns; column++) {
                    put(bMemory, (long) (k / perWord) * columns + column, k % perWord, perWord, b[k][column]);
                }
            }
            MemorySegment block = arena.allocate(TileKernel.BLOCK);
            TileKernel.fill(block, cMemory, aMemory, bMemory, blocks, steps);
            code.call(block);
            for (int row = 0; row < rows; row++) {
                for (int column = 0; column < columns; column++) {
                    long expected = 0;
                    for (int k = 0; k < depth; k++) {
                        expected += (long) a[row][k] * b[k][column];
                    }
                    int bits = cMemory.getAtIndex(ValueLayout.JAVA_INT, (long) row * columns + column);
                    double found = integers ? bits : Float.intBitsToFloat(bits) * 64.0;
                    assertThat(found)
                            .as("seed %d, %s, %d steps, row %d, column %d", SEED, kernel, steps, row, column)
                            .isEqualTo(expected);
                }
            }
        }
    }

    private static int[][] numbers(Random random, int rows, int columns, int least, int most) {
        return Stream.generate(() -> random.ints(columns, least, most + 1).toArray()).limit(rows)
                .toArray(int[][]::new);
    }

    /** Writes one number: a byte unchanged, or value / 8 in fp32 or in bf16, its upper half. */
    private static void put(MemorySegment memory, long word, int part, int perWord, int value) {
        int bits = Float.floatToRawIntBits(value / 8f);
        switch (perWord) {
            case 1 -> memory.setAtIndex(ValueLayout.JAVA_INT, word, bits);
            case 2 -> memory.setAtIndex(ValueLayout.JAVA_SHORT, 2 * word + part, (short) (bits >> 16));
            default -> memory.set(ValueLayout.JAVA_BYTE, 4 * word + part, (byte) value);
        }
    }
}
