package dev.bgem3.kernel;

import java.util.stream.Stream;

/** The arithmetics in which tests run kernels. */
public final class ProvenArithmetics {
    private ProvenArithmetics() {}

    /**
     * Returns the arithmetics of an available provider; fails the test if one does not pass the self-test.
     */
    public static Stream<Arithmetic> of(KernelProvider provider) {
        return provider.arithmetics().stream().sorted()
                .peek(arithmetic -> provider.unavailable(arithmetic).ifPresent(why -> {
                    throw new AssertionError(provider.name() + ": " + why);
                }));
    }
}
