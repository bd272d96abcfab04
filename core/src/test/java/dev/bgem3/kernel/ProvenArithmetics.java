package dev.bgem3.kernel;

import java.util.stream.Stream;

/** What tests of all kernels run in. */
public final class ProvenArithmetics {
    private ProvenArithmetics() {}

    /** What a provider that can serve here computes in; one that it refuses fails the test that asks. */
    public static Stream<Arithmetic> of(KernelProvider provider) {
        return provider.arithmetics().stream().sorted()
                .peek(arithmetic -> provider.unavailable(arithmetic).ifPresent(why -> {
                    throw new AssertionError(provider.name() + ": " + why);
                }));
    }
}
