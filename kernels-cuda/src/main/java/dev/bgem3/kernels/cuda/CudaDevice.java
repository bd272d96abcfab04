package dev.bgem3.kernels.cuda;

import static org.bytedeco.cuda.global.cudart.cudaDevAttrComputeCapabilityMajor;
import static org.bytedeco.cuda.global.cudart.cudaDevAttrComputeCapabilityMinor;
import static org.bytedeco.cuda.global.cudart.cudaDevAttrMultiProcessorCount;
import static org.bytedeco.cuda.global.cudart.cudaDeviceGetAttribute;
import static org.bytedeco.cuda.global.cudart.cudaErrorMemoryAllocation;
import static org.bytedeco.cuda.global.cudart.cudaFree;
import static org.bytedeco.cuda.global.cudart.cudaFreeHost;
import static org.bytedeco.cuda.global.cudart.cudaGetDeviceProperties;
import static org.bytedeco.cuda.global.cudart.cudaGetErrorName;
import static org.bytedeco.cuda.global.cudart.cudaGetErrorString;
import static org.bytedeco.cuda.global.cudart.cudaGetLastError;
import static org.bytedeco.cuda.global.cudart.cudaHostAlloc;
import static org.bytedeco.cuda.global.cudart.cudaMalloc;
import static org.bytedeco.cuda.global.cudart.cudaMemGetInfo;
import static org.bytedeco.cuda.global.cudart.cudaSetDevice;

import dev.bgem3.error.BackendException;
import dev.bgem3.error.DeviceLostException;
import dev.bgem3.error.OutOfDeviceMemoryException;
import java.lang.foreign.MemorySegment;
import org.bytedeco.cuda.cudart.cudaDeviceProp;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;

/**
 * One GPU: its properties, its memory and the meaning of its return codes. Thread-safe.
 *
 * <p>
 * A fault in a kernel (an illegal address, say) is <em>sticky</em>: from then on every call of the process
 * for this device returns it (CUDA C++ Programming Guide, "Error Checking"). The device is then marked as
 * lost, and each later use fails immediately.
 */
final class CudaDevice {
    /** Compute capability 9.0, the only one with matrix instructions for a whole warpgroup. */
    static final int HOPPER = 90;

    private final int index;
    private final String name;
    private final int computeCapability;
    private final int multiprocessors;
    private final long totalBytes;
    private volatile String lost;

    CudaDevice(int index) {
        this.index = index;
        use();
        try (cudaDeviceProp properties = new cudaDeviceProp()) {
            check(cudaGetDeviceProperties(properties, index), "cudaGetDeviceProperties");
            name = text(properties.name());
            totalBytes = properties.totalGlobalMem();
        }
        computeCapability = 10 * attribute(cudaDevAttrComputeCapabilityMajor)
                + attribute(cudaDevAttrComputeCapabilityMinor);
        multiprocessors = attribute(cudaDevAttrMultiProcessorCount);
    }

    private static String text(BytePointer characters) {
        return characters.getString();
    }

    private int attribute(int attribute) {
        int[] value = new int[1];
        check(cudaDeviceGetAttribute(value, attribute, index), "cudaDeviceGetAttribute");
        return value[0];
    }

    /** Returns the device's name on the command line, such as {@code cuda:0}. */
    String label() {
        return "cuda:" + index;
    }

    /** Returns the manufacturer's name for the device. */
    String name() {
        return name;
    }

    /** Returns the compute capability, 90 for 9.0. */
    int computeCapability() {
        return computeCapability;
    }

    int multiprocessors() {
        return multiprocessors;
    }

    long totalBytes() {
        return totalBytes;
    }

    /** Returns whether this process can still use the device. */
    boolean isUsable() {
        return lost == null;
    }

    /** Makes this the calling thread's current device, to which most calls refer. */
    void use() {
        if (lost != null) {
            throw new DeviceLostException(lost);
        }
        check(cudaSetDevice(index), "cudaSetDevice");
    }

    /** Throws the exception for a return code of the runtime or the driver, which share their codes. */
    void check(int code, String call) {
        if (code != 0) {
            throw failure(code, call);
        }
    }

    /** Returns the exception for a return code; checks whether the device still works. */
    BackendException failure(int code, String call) {
        String message = label() + ": " + call + " failed: " + code + " " + text(cudaGetErrorName(code))
                + ": "
                + text(cudaGetErrorString(code));
        cudaGetLastError(); // Clears the error, if it can be cleared.
        return code == cudaErrorMemoryAllocation ? new OutOfDeviceMemoryException(message) : failure(message);
    }

    /** Returns the exception for a library's message; checks whether the device still works. */
    BackendException failure(String message) {
        cudaGetLastError(); // Clears the error, if it can be cleared.
        if (!answers()) {
            lost = label() + " is lost to this process until it is started again, since " + message;
            return new DeviceLostException(lost);
        }
        return new BackendException(message);
    }

    /**
     * Returns whether a harmless call succeeds, which none does after a sticky error. The call is allowed
     * during the capture of a graph.
     */
    private static boolean answers() {
        try (SizeTPointer free = new SizeTPointer(1); SizeTPointer total = new SizeTPointer(1)) {
            return cudaMemGetInfo(free, total) == 0;
        }
    }

    /** Returns the number of free bytes on the device. */
    long freeBytes() {
        use();
        try (SizeTPointer free = new SizeTPointer(1); SizeTPointer total = new SizeTPointer(1)) {
            check(cudaMemGetInfo(free, total), "cudaMemGetInfo");
            return free.get();
        }
    }

    /** Allocates memory on the device, aligned to 256 bytes. */
    long allocate(long bytes) {
        use();
        Pointer memory = new Pointer();
        check(cudaMalloc(memory, bytes), "cudaMalloc of " + bytes + " bytes");
        return memory.address();
    }

    /** Frees memory of the device; a lost device has none left to free. */
    void free(long memory) {
        if (lost == null) {
            use();
            check(cudaFree(new Address(memory)), "cudaFree");
        }
    }

    /** Allocates pinned host memory, which the device can copy from and to directly. */
    @SuppressWarnings("restricted") // The length is that of the allocation.
    MemorySegment allocatePinned(long bytes) {
        use();
        Pointer memory = new Pointer();
        check(cudaHostAlloc(memory, bytes, 0), "cudaHostAlloc of " + bytes + " bytes");
        return MemorySegment.ofAddress(memory.address()).reinterpret(bytes);
    }

    /** Frees pinned host memory. */
    void freePinned(MemorySegment memory) {
        if (lost == null) {
            use();
            check(cudaFreeHost(new Address(memory.address())), "cudaFreeHost");
        }
    }
}
