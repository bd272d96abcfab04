package dev.bgem3.kernels.cuda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.Kernels;
import java.util.Optional;

/** The GPU that tests run on; without one, the tests that need it are skipped, with the reason. */
final class Card {
    private Card() {}

    static Kernels open(Arithmetic arithmetic) {
        Optional<String> reason = new CudaProvider().unavailable();
        assumeTrue(reason.isEmpty(), () -> "no CUDA here: " + reason.orElseThrow());
        return new CudaProvider().open(arithmetic, 1, 0);
    }
}
