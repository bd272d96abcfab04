package dev.bgem3.kernels.cuda;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.Kernels;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** Offers {@link CudaKernels} where there is an NVIDIA card, its driver and CUDA 13's libraries. */
public final class CudaProvider implements KernelProvider {
    /** Tries what must be there, once for the process. */
    private static final class Machine {
        static final CudaMachine FOUND = CudaMachine.look();

        private Machine() {}
    }

    /** For {@link java.util.ServiceLoader}. */
    public CudaProvider() {}

    @Override
    public String name() {
        return "cuda";
    }

    /** Above all that compute on the processor. */
    @Override
    public int rank() {
        return 100;
    }

    @Override
    public String device() {
        return "cuda";
    }

    @Override
    public int deviceCount() {
        return Machine.FOUND.deviceCount();
    }

    @Override
    public Optional<String> unavailable() {
        return Machine.FOUND.unavailable();
    }

    @Override
    public boolean deviceSeen() {
        return CudaMachine.driverSeen();
    }

    @Override
    public Set<Arithmetic> arithmetics() {
        return EnumSet.of(Arithmetic.FP16, Arithmetic.BF16);
    }

    /** {@code threads} is of no use here. */
    @Override
    public Kernels open(Arithmetic arithmetic, int threads, int device) {
        return new CudaKernels(arithmetic, device);
    }
}
