package dev.bgem3.kernels.cuda;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.Kernels;
import java.util.Optional;
import java.util.Set;

/** Provides {@link CudaKernels} if there are an NVIDIA GPU, its driver and the libraries of CUDA 13. */
public final class CudaProvider implements KernelProvider {
    /** Holds the result of the checks, which run once per process. */
    private static final class Machine {
        static final CudaMachine FOUND = CudaMachine.detect();

        private Machine() {}
    }

    /** Creates the provider, for {@link java.util.ServiceLoader}. */
    public CudaProvider() {}

    @Override
    public String name() {
        return "cuda";
    }

    /** Returns a rank above all providers for the CPU. */
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
        return Elements.arithmetics();
    }

    /** Opens kernels on a device; {@code threads} is ignored. */
    @Override
    public Kernels open(Arithmetic arithmetic, int threads, int device) {
        return new CudaKernels(arithmetic, device);
    }
}
