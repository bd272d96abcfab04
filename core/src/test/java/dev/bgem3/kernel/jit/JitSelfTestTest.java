package dev.bgem3.kernel.jit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.HostTensor;
import dev.bgem3.kernel.HostWorkspace;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class JitSelfTestTest {
    /** The number of the AVX-512 kernels. */
    private static final int KEYS_AT_ONCE = 384;
    private static final KernelProvider SCALAR = KernelProviders.named("scalar", Arithmetic.FP32);

    /** Runs an operation of the scalar kernels incorrectly, with the arguments of its method. */
    @FunctionalInterface
    private interface Fault {
        void run(Kernels scalar, Object[] arguments);
    }

    @Test
    void usesRoundedTensorsInBf16() {
        try (Workspace workspace = new HostWorkspace(true)) {
            for (int columns : new int[]{JitSelfTest.ROUNDED_SIZE, JitSelfTest.WIDTH,
                    3 * JitSelfTest.WIDTH}) {
                assertThat(HostTensor.ofAny(workspace.roundedTensor(1, columns)).isBf16()).as("%d", columns)
                        .isTrue();
            }
        }
    }

    @Test
    void acceptsTheReference() {
        try (Kernels scalar = SCALAR.open(Arithmetic.FP32, 1, 0)) {
            assertThat(JitSelfTest.failure(scalar, Arithmetic.FP32, KEYS_AT_ONCE, 31, 7)).isEmpty();
        }
    }

    private static void change(Kernels scalar, Tensor tensor, int row, int firstColumn, int columns,
            float to) {
        float[] numbers = new float[tensor.rows() * tensor.columns()];
        scalar.read(numbers, 0, tensor, 0, tensor.rows());
        int start = row * tensor.columns() + firstColumn;
        Arrays.fill(numbers, start, start + columns, to);
        scalar.write(tensor, numbers);
    }

    /** Sets the values of a token, the last third of its row, to 0, as if its key had been left out. */
    private static void loseKey(Kernels scalar, Tensor queryKeyValue, int token) {
        int size = queryKeyValue.columns() / 3;
        change(scalar, queryKeyValue, token, 2 * size, size, 0);
    }

    private static Arguments fault(String what, String operation, Fault fault) {
        return Arguments.of(what, operation, fault);
    }

    static Stream<Arguments> faults() {
        return Stream.of(fault("leaves the last number of a tile unwritten", "linear", (scalar, a) -> {
            Tensor out = (Tensor) a[0];
            scalar.linear(out, (Tensor) a[1], (Kernels.Linear) a[2]);
            change(scalar, out, out.rows() - 1, out.columns() - 1, 1, 0.125f);
        }), fault("is a little off in one place", "linear", (scalar, a) -> {
            Tensor out = (Tensor) a[0];
            scalar.linear(out, (Tensor) a[1], (Kernels.Linear) a[2]);
            float[] first = new float[out.columns()];
            scalar.read(first, 0, out, 0, 1);
            change(scalar, out, 0, 0, 1, first[0] + 0.02f);
        }), fault("forgets the ReLU", "linearRelu",
                (scalar, a) -> scalar.linear((Tensor) a[0], (Tensor) a[1], (Kernels.Linear) a[2])),
                fault("takes ReLU for GELU", "linearGelu",
                        (scalar, a) -> scalar.linearRelu((Tensor) a[0], (Tensor) a[1],
                                (Kernels.Linear) a[2])),
                fault("gets the last number of a rounded tensor wrong", "linearGelu", (scalar, a) -> {
                    Tensor out = (Tensor) a[0];
                    scalar.linearGelu(out, (Tensor) a[1], (Kernels.Linear) a[2]);
                    if (out.columns() == JitSelfTest.ROUNDED_SIZE) {
                        change(scalar, out, out.rows() - 1, out.columns() - 1, 1, 100);
                    }
                }), fault("forgets the residual in one row", "linearAddNorm", (scalar, a) -> {
                    change(scalar, (Tensor) a[3], 0, 0, ((Tensor) a[3]).columns(), 0);
                    scalar.linearAddNorm((Tensor) a[0], (Tensor) a[1], (Kernels.Linear) a[2], (Tensor) a[3],
                            (Kernels.Norm) a[4]);
                }), fault("loses the last key", "attention", (scalar, a) -> {
                    loseKey(scalar, (Tensor) a[1], ((Tensor) a[1]).rows() - 1);
                    scalar.attention((Tensor) a[0], (Tensor) a[1], (int[]) a[2], (int) a[3]);
                }), fault("loses the keys of the first sequence", "attention", (scalar, a) -> {
                    loseKey(scalar, (Tensor) a[1], 0);
                    scalar.attention((Tensor) a[0], (Tensor) a[1], (int[]) a[2], (int) a[3]);
                }), fault("loses the last key", "firstTokenAttention", (scalar, a) -> {
                    loseKey(scalar, (Tensor) a[1], ((Tensor) a[1]).rows() - 1);
                    scalar.firstTokenAttention((Tensor) a[0], (Tensor) a[1], (int[]) a[2], (int) a[3]);
                }), fault("loses the first block of keys", "firstTokenAttention", (scalar, a) -> {
                    for (int token = 0; token < 256; token++) {
                        loseKey(scalar, (Tensor) a[1], token);
                    }
                    scalar.firstTokenAttention((Tensor) a[0], (Tensor) a[1], (int[]) a[2], (int) a[3]);
                }));
    }

    @ParameterizedTest(name = "{1} that {0}")
    @MethodSource("faults")
    void findsTheFault(String what, String operation, Fault fault) {
        try (Kernels scalar = SCALAR.open(Arithmetic.FP32, 1, 0)) {
            Kernels broken = (Kernels) Proxy.newProxyInstance(Kernels.class.getClassLoader(),
                    new Class<?>[]{Kernels.class}, (_, method, arguments) -> {
                        if (method.getName().equals(operation) && method.getReturnType() == void.class) {
                            fault.run(scalar, arguments);
                            return null;
                        }
                        try {
                            return method.invoke(scalar, arguments);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    });
            for (Arithmetic arithmetic : Arithmetic.values()) {
                assertThat(
                        JitSelfTest.failure(broken, arithmetic, KEYS_AT_ONCE, 31, 7).orElse("nothing found"))
                        .as("%s: %s", arithmetic, what).startsWith("the self-test's ")
                        .contains("expected: ");
            }
        }
    }
}
