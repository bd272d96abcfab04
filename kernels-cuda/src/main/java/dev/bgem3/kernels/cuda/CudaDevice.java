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
 * One card: its memory, and what its return codes mean. Thread-safe.
 *
 * <p>
 * A fault in a kernel (an illegal address, say) is <em>sticky</em>: from then on every call of the process on
 * this card returns it (CUDA C++ Programming Guide, "Error Checking"). The card is then marked lost, and each
 * later use says so at once.
 */
final class CudaDevice {
    /** Compute capability 9.0, whose products of a whole warpgroup no other card has. */
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

    /** {@code cuda:0}, as the command line names it. */
    String label() {
        return "cuda:" + index;
    }

    /** The maker's name for the card. */
    String name() {
        return name;
    }

    /** 90 for compute capability 9.0. */
    int computeCapability() {
        return computeCapability;
    }

    int multiprocessors() {
        return multiprocessors;
    }

    long totalBytes() {
        return totalBytes;
    }

    /** Whether the card still answers this process. */
    boolean isUsable() {
        return lost == null;
    }

    /** Makes it the calling thread's card, which is the state that most calls depend on. */
    void use() {
        if (lost != null) {
            throw new DeviceLostException(lost);
        }
        check(cudaSetDevice(index), "cudaSetDevice");
    }

    /** Throws what a return code of the runtime or the driver, whose codes are the same, stands for. */
    void check(int code, String call) {
        if (code != 0) {
            throw failure(code, call);
        }
    }

    /** The error for a return code; finds out whether the card still works. */
    BackendException failure(int code, String call) {
        String message = label() + ": " + call + " failed: " + code + " " + text(cudaGetErrorName(code))
                + ": "
                + text(cudaGetErrorString(code));
        cudaGetLastError(); // Takes back what can be taken back.
        return code == cudaErrorMemoryAllocation ? new OutOfDeviceMemoryException(message) : failure(message);
    }

    /** The error for what a library's call on this card said; finds out whether the card still works. */
    BackendException failure(String message) {
        cudaGetLastError(); // Takes back what can be taken back.
        if (!answers()) {
            lost = label() + " is lost to this process until it is started again, since " + message;
            return new DeviceLostException(lost);
        }
        return new BackendException(message);
    }

    /**
     * Whether a harmless call succeeds; none does after a sticky error. It may be made while a graph is
     * recorded.
     */
    private static boolean answers() {
        try (SizeTPointer free = new SizeTPointer(1); SizeTPointer total = new SizeTPointer(1)) {
            return cudaMemGetInfo(free, total) == 0;
        }
    }

    /** Bytes that are free on the card now. */
    long freeBytes() {
        use();
        try (SizeTPointer free = new SizeTPointer(1); SizeTPointer total = new SizeTPointer(1)) {
            check(cudaMemGetInfo(free, total), "cudaMemGetInfo");
            return free.get();
        }
    }

    /** Memory of the card, aligned to 256 bytes. */
    long allocate(long bytes) {
        use();
        Pointer memory = new Pointer();
        check(cudaMalloc(memory, bytes), "cudaMalloc of " + bytes + " bytes");
        return memory.address();
    }

    /** Gives memory of the card back; a lost card has none to give. */
    void free(long memory) {
        if (lost == null) {
            use();
            check(cudaFree(new Address(memory)), "cudaFree");
        }
    }

    /** Memory of the host that the card copies from and to by itself. */
    @SuppressWarnings("restricted") // The length is that of the allocation.
    MemorySegment allocatePinned(long bytes) {
        use();
        Pointer memory = new Pointer();
        check(cudaHostAlloc(memory, bytes, 0), "cudaHostAlloc of " + bytes + " bytes");
        return MemorySegment.ofAddress(memory.address()).reinterpret(bytes);
    }

    /** Gives such memory back. */
    void freePinned(MemorySegment memory) {
        if (lost == null) {
            use();
            check(cudaFreeHost(new Address(memory.address())), "cudaFreeHost");
        }
    }
}
