package dev.bgem3.kernels.cuda;

import static org.bytedeco.cuda.global.cudart.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
import static org.bytedeco.cuda.global.cudart.cuFuncSetAttribute;
import static org.bytedeco.cuda.global.cudart.cuModuleGetFunction;
import static org.bytedeco.cuda.global.cudart.cuModuleLoadData;
import static org.bytedeco.cuda.global.cudart.cuModuleUnload;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUmod_st;
import org.bytedeco.javacpp.BytePointer;

/** The project's kernels, loaded on one GPU. Thread-safe once constructed. */
final class CudaPrograms implements AutoCloseable {
    /** The dynamic shared memory that a block may use without setting an attribute. */
    private static final int DEFAULT_SHARED_BYTES = 48 * 1024;

    private final CudaDevice device;
    private final List<CUmod_st> modules = new ArrayList<>();
    private final Map<String, CUmod_st> byProgram;

    /**
     * Compiles the programs that are not cached, in parallel, and loads all of them.
     *
     * @param programs
     *            the names of the sources, without the extension
     */
    CudaPrograms(CudaDevice device, Elements elements, List<String> programs) {
        this.device = device;
        Map<String, byte[]> binaries = programs.parallelStream().collect(Collectors.toMap(name -> name,
                name -> new KernelCompiler(device.computeCapability(), elements).binary(name)));
        device.use();
        byProgram = programs.stream()
                .collect(Collectors.toMap(name -> name, name -> load(binaries.get(name))));
    }

    private CUmod_st load(byte[] binary) {
        CUmod_st module = new CUmod_st();
        try (BytePointer image = new BytePointer(binary)) {
            device.check(cuModuleLoadData(module, image), "cuModuleLoadData");
        }
        modules.add(module);
        return module;
    }

    /** Returns a kernel of a program, with the launch shape that its source specifies. */
    KernelFunction function(String program, String name, int blockSize, int sharedBytes) {
        CUfunc_st function = new CUfunc_st();
        device.check(cuModuleGetFunction(function, byProgram.get(program), name),
                "cuModuleGetFunction " + name);
        if (sharedBytes > DEFAULT_SHARED_BYTES) {
            device.check(
                    cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                            sharedBytes),
                    "cuFuncSetAttribute " + name);
        }
        return new KernelFunction(function, blockSize, sharedBytes);
    }

    @Override
    public void close() {
        if (device.isUsable()) {
            device.use();
            modules.forEach(module -> device.check(cuModuleUnload(module), "cuModuleUnload"));
        }
        modules.clear();
    }
}
