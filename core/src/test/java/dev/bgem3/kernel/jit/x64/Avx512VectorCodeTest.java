package dev.bgem3.kernel.jit.x64;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.asm.x64.Abi;
import dev.bgem3.asm.x64.Assembler;
import dev.bgem3.asm.Code;
import dev.bgem3.asm.x64.CpuFeature;
import dev.bgem3.asm.x64.CpuFeatures;
import dev.bgem3.asm.ExecutableMemory;
import dev.bgem3.asm.x64.Gpr;
import dev.bgem3.asm.x64.Mask;
import dev.bgem3.asm.x64.Mem;
import dev.bgem3.asm.x64.Vec;
import dev.bgem3.asm.x64.VectorOp;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.HostTensor;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import dev.bgem3.kernel.scalar.ScalarProvider;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Tests the errors that {@link Avx512VectorCode} states for its shorter functions, on a fine grid;
 * VectorMathTest tests the longer ones.
 */
class Avx512VectorCodeTest {
    private static final int POINTS = 1 << 18;

    @BeforeEach
    void needsAvx512() {
        CpuFeatures features = CpuFeatures.ofThisMachine();
        assumeTrue(features.has(CpuFeature.AVX512F) && features.has(CpuFeature.AVX512BW), "no AVX-512");
    }

    /** Applies the function to each number. */
    private static float[] apply(float[] x, BiConsumer<Avx512VectorCode, Vec> function) {
        float[] results = new float[x.length];
        try (Arena arena = Arena.ofShared()) {
            Code code = ExecutableMemory.load(arena, "test", Abi.ofThisMachine().function(assembler -> {
                Gpr at = Abi.ofThisMachine().argument();
                Avx512VectorCode math = new Avx512VectorCode(assembler);
                assembler.mov(Gpr.RAX, x.length / Avx512VectorCode.LANES);
                Loops.count(assembler, Gpr.RAX, () -> step(assembler, math, at, function));
            }));
            MemorySegment memory = arena.allocate(4L * x.length, Avx512VectorCode.BYTES);
            MemorySegment.copy(x, 0, memory, HostTensor.FLOAT, 0, x.length);
            code.call(memory);
            MemorySegment.copy(memory, HostTensor.FLOAT, 0, results, 0, x.length);
        }
        return results;
    }

    private static void step(Assembler code, Avx512VectorCode math, Gpr at,
            BiConsumer<Avx512VectorCode, Vec> function) {
        code.emit(VectorOp.VMOVUPS, Vec.zmm(0), Mem.at(at));
        function.accept(math, Vec.zmm(0));
        code.emit(VectorOp.VMOVUPS, Mem.at(at), Vec.zmm(0));
        code.add(at, Avx512VectorCode.BYTES);
    }

    private static float[] grid(double from, double to) {
        float[] x = new float[POINTS];
        for (int i = 0; i < POINTS; i++) {
            x[i] = (float) (from + (to - from) * i / (POINTS - 1));
        }
        return x;
    }

    /** Computes GELU with a linear layer [1, 1] that multiplies by 1. */
    private static float[] referenceGelu(float[] z) {
        float[] expected = new float[z.length];
        try (Kernels kernels = new ScalarProvider().open(Arithmetic.FP32, 1, 0);
                Workspace workspace = kernels.newWorkspace()) {
            Tensor in = workspace.tensor(z.length, 1);
            Tensor out = workspace.tensor(z.length, 1);
            kernels.write(in, z);
            kernels.linearGelu(out, in, kernels.linear(MatrixSource.of(1, 1, new float[]{1}), new float[1]));
            kernels.read(expected, 0, out, 0, z.length);
        }
        return expected;
    }

    @Test
    void shortGeluIsWithinItsStatedError() {
        BiConsumer<Avx512VectorCode, Vec> gelu = (math, z) -> math.shortGelu(z, Vec.zmm(1), Vec.zmm(2),
                Vec.zmm(3));
        float[] z = grid(-20, 20);
        float[] results = apply(z, gelu);
        float[] expected = referenceGelu(z);
        for (int i = 0; i < z.length; i++) {
            assertThat(results[i]).as("gelu(%s)", z[i]).isCloseTo(expected[i],
                    within(4e-5f + 6e-6f * Math.abs(z[i])));
        }
        float[] extreme = new float[Avx512VectorCode.LANES];
        extreme[0] = Float.NaN;
        extreme[1] = Float.POSITIVE_INFINITY;
        extreme[2] = Float.NEGATIVE_INFINITY;
        float[] found = apply(extreme, gelu);
        assertThat(found[0]).isNaN();
        assertThat(found[1]).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(Float.isFinite(found[2])).isFalse();
    }

    @Test
    void shortPowersOfTwoAreWithinTheirStatedError() {
        BiConsumer<Avx512VectorCode, Vec> power = (math, x) -> math.shortPowerOfTwo(x, Vec.zmm(1), Vec.zmm(2),
                new Mask(1));
        float[] x = grid(-125.9, 0);
        float[] results = apply(x, power);
        for (int i = 0; i < x.length; i++) {
            double expected = Math.pow(2, x[i]);
            assertThat((double) results[i]).as("2^%s", x[i]).isCloseTo(expected, within(8e-5 * expected));
        }
        float[] extreme = new float[Avx512VectorCode.LANES];
        extreme[0] = Float.NaN;
        extreme[1] = Float.NEGATIVE_INFINITY;
        extreme[2] = -3e38f;
        float[] found = apply(extreme, power);
        assertThat(found[0]).isNaN();
        assertThat(found[1]).isZero();
        assertThat(found[2]).isZero();
        assertThat(found[3]).isCloseTo(1, within(8e-5f));
    }
}
