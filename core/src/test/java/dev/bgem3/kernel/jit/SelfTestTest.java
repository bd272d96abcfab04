package dev.bgem3.kernel.jit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.asm.CpuFeatures;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.kernel.Kernels;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SelfTestTest {
    private static final KernelProvider SCALAR = KernelProviders.named("scalar", Arithmetic.FP32);

    @ParameterizedTest
    @EnumSource
    void passesInWhateverTheProcessorHas(InstructionSet set) {
        CpuFeatures cpu = CpuFeatures.ofThisMachine();
        assumeTrue(InstructionSet.of(cpu, set.label()).isPresent(), () -> cpu + " lacks " + set);
        for (Arithmetic arithmetic : set.arithmetics(cpu)) {
            assertThat(SelfTest.failure(set, arithmetic)).as("%s", arithmetic).isEmpty();
        }
    }

    @Test
    void passesTheReference() {
        try (Kernels scalar = SCALAR.open(Arithmetic.FP32, 1, 0)) {
            assertThat(SelfTest.failure(scalar, Arithmetic.FP32)).isEmpty();
        }
    }

    /** Each leaves its result as it was. */
    @ParameterizedTest
    @ValueSource(strings = {"linear", "linearRelu", "linearAddNorm", "feedForward", "attention",
            "firstTokenAttention"})
    void findsAnOperationThatDoesNothing(String operation) {
        try (Kernels scalar = SCALAR.open(Arithmetic.FP32, 1, 0)) {
            Kernels broken = (Kernels) Proxy.newProxyInstance(Kernels.class.getClassLoader(),
                    new Class<?>[]{Kernels.class}, (_, method, arguments) -> {
                        if (method.getName().equals(operation) && method.getReturnType() == void.class) {
                            return null;
                        }
                        try {
                            return method.invoke(scalar, arguments);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    });
            for (Arithmetic arithmetic : Arithmetic.values()) {
                assertThat(SelfTest.failure(broken, arithmetic).orElse("")).as("%s", arithmetic)
                        .startsWith("the self-test's " + arithmetic).contains("expected: ");
            }
        }
    }
}
