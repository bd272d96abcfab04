package dev.bgem3.kernels.cuda;

import static org.bytedeco.cuda.global.cudart.cudaDeviceGetAttribute;
import static org.bytedeco.cuda.global.cudart.cudaDevAttrComputeCapabilityMajor;
import static org.bytedeco.cuda.global.cudart.cudaDriverGetVersion;
import static org.bytedeco.cuda.global.cudart.cudaGetDeviceCount;
import static org.bytedeco.cuda.global.cudart.cudaGetErrorName;
import static org.bytedeco.cuda.global.cudart.cudaGetErrorString;

import dev.bgem3.error.BackendException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.javacpp.Loader;

/**
 * The machine's support for CUDA.
 *
 * @param unavailable
 *            why CUDA cannot be used, with the remedy; empty if it can
 * @param deviceCount
 *            the number of devices that the driver reports; 0 if CUDA cannot be used
 */
record CudaMachine(Optional<String> unavailable, int deviceCount) {
    /** Compute capability 8.0 introduced {@code mma} on bf16 and {@code cp.async}. */
    private static final int MIN_MAJOR = 8;

    private static CudaMachine without(String reason) {
        return new CudaMachine(Optional.of(reason), 0);
    }

    /** Detects the support, with the cheap checks first: without a driver, no library is loaded. */
    static CudaMachine detect() {
        if (!supported()) {
            return without(
                    "the system is " + System.getProperty("os.name") + " on " + System.getProperty("os.arch")
                            + " (expected: Linux or Windows on x86-64)");
        }
        if (!driverSeen()) {
            return without(
                    "there is no NVIDIA driver (expected: an NVIDIA GPU and its driver, 580 or newer)");
        }
        // By default JavaCPP counts mapped weights against a limit derived from the heap's size, and runs the
        // garbage collector when they reach it.
        for (String limit : List.of("maxBytes", "maxPhysicalBytes")) {
            if (System.getProperty("org.bytedeco.javacpp." + limit) == null) {
                System.setProperty("org.bytedeco.javacpp." + limit, "0");
            }
        }
        try {
            Loader.load(cudart.class);
            Loader.load(cublas.class);
            Loader.load(nvrtc.class);
        } catch (LinkageError missing) {
            return without("CUDA's libraries cannot be loaded: " + lastLine(missing)
                    + " (expected: the libraries of CUDA 13, cudart, cublasLt and nvrtc, from NVIDIA's"
                    + " installer or packages, their folder on LD_LIBRARY_PATH or PATH)");
        }
        return count();
    }

    private static boolean isWindows() {
        return System.getProperty("os.name").startsWith("Windows");
    }

    private static boolean supported() {
        return (isWindows() || System.getProperty("os.name").equals("Linux"))
                && List.of("amd64", "x86_64").contains(System.getProperty("os.arch"));
    }

    /** Returns whether a file exists that every driver creates. */
    static boolean driverSeen() {
        return supported() && (isWindows()
                ? Stream.of(Path.of(System.getenv().getOrDefault("SystemRoot", "C:\\Windows"), "System32",
                        "nvcuda.dll"))
                : Stream.of("/dev/nvidiactl", "/dev/dxg", "/proc/driver/nvidia/version").map(Path::of))
                .anyMatch(Files::exists);
    }

    /** Returns the message of the root cause, which is that of the system's loader. */
    private static String lastLine(Throwable thrown) {
        Throwable cause = thrown;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage());
    }

    private static CudaMachine count() {
        int[] count = new int[1];
        int code = cudaGetDeviceCount(count);
        if (code != 0) {
            int[] driver = new int[1];
            cudaDriverGetVersion(driver);
            return without(
                    "cudaGetDeviceCount failed: " + code + " " + cudaGetErrorName(code).getString() + ": "
                            + cudaGetErrorString(code).getString() + " (the driver serves CUDA up to "
                            + driver[0] / 1000 + "."
                            + driver[0] % 1000 / 10 + "; expected: 13.0 or newer)");
        }
        if (count[0] == 0) {
            return without(
                    "the NVIDIA driver finds no card (expected: one that CUDA_VISIBLE_DEVICES lets it see)");
        }
        for (int device = 0; device < count[0]; device++) {
            int[] major = new int[1];
            cudaDeviceGetAttribute(major, cudaDevAttrComputeCapabilityMajor, device);
            if (major[0] < MIN_MAJOR) {
                return without("cuda:" + device + " has compute capability " + major[0] + ".x (expected: "
                        + MIN_MAJOR + ".0 or newer, on every card that CUDA_VISIBLE_DEVICES lets it see)");
            }
        }
        try {
            CudaSelfTest.run(0);
        } catch (BackendException failed) {
            return without(failed.getMessage());
        } catch (RuntimeException | LinkageError failed) {
            return without("the self-test failed: " + failed);
        }
        return new CudaMachine(Optional.empty(), count[0]);
    }
}
