package dev.bgem3;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.kernel.Kernels;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Fake GPUs for tests, which run the scalar kernels and can be used by any number of threads.
 *
 * @param deviceCount
 *            the number of devices
 * @param passes
 *            the number of concurrent forward passes on each
 * @param budget
 *            the token budget of each
 * @param unavailable
 *            why they cannot be used
 * @param deviceSeen
 *            whether the reason deserves a warning
 * @param onPass
 *            called when a forward pass begins
 * @param open
 *            counts the open devices
 */
record FakeDevices(int deviceCount, int passes, int budget, Optional<String> unavailable,
        boolean deviceSeen,
        PassHook onPass, AtomicInteger open) implements KernelProvider {
    /** May wait or throw. */
    @FunctionalInterface
    interface PassHook {
        void begin(int device, int tokens);
    }

    static FakeDevices of(int deviceCount, int passes, int budget, PassHook onPass) {
        return new FakeDevices(deviceCount, passes, budget, Optional.empty(), true, onPass,
                new AtomicInteger());
    }

    static FakeDevices unavailable(String reason, boolean deviceSeen) {
        return new FakeDevices(0, 1, 1, Optional.of(reason), deviceSeen, (device, tokens) -> {},
                new AtomicInteger());
    }

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public String device() {
        return "cuda";
    }

    @Override
    public int rank() {
        return 100;
    }

    @Override
    public Set<Arithmetic> arithmetics() {
        return Set.of(Arithmetic.FP16, Arithmetic.BF16);
    }

    @Override
    public Kernels open(Arithmetic arithmetic, int threads, int device) {
        Kernels scalar = KernelProviders.named("scalar", Arithmetic.FP32).open(Arithmetic.FP32, 1, 0);
        open.incrementAndGet();
        return (Kernels) Proxy.newProxyInstance(Kernels.class.getClassLoader(), new Class<?>[]{Kernels.class},
                (_, method, arguments) -> {
                    switch (method.getName()) {
                        case "passes" -> {
                            return passes;
                        }
                        case "tokenBudget" -> {
                            return budget;
                        }
                        case "embed" -> {
                            onPass.begin(device, ((int[]) arguments[1]).length);
                        }
                        case "close" -> open.decrementAndGet();
                        default -> {
                        }
                    }
                    try {
                        return method.invoke(scalar, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
