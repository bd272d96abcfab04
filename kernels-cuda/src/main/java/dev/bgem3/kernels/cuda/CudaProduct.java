package dev.bgem3.kernels.cuda;

import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_BIAS;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_BIAS_POINTER;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_EPILOGUE;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_TRANSA;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
import static org.bytedeco.cuda.global.cublas.CUBLAS_COMPUTE_32F;
import static org.bytedeco.cuda.global.cublas.CUBLAS_OP_T;
import static org.bytedeco.cuda.global.cublas.CUBLAS_STATUS_ALLOC_FAILED;
import static org.bytedeco.cuda.global.cublas.cublasLtCreate;
import static org.bytedeco.cuda.global.cublas.cublasLtDestroy;
import static org.bytedeco.cuda.global.cublas.cublasLtGetStatusName;
import static org.bytedeco.cuda.global.cublas.cublasLtGetStatusString;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmul;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulAlgoGetHeuristic;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulDescCreate;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulDescDestroy;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulDescSetAttribute;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulPreferenceCreate;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulPreferenceDestroy;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulPreferenceSetAttribute;
import static org.bytedeco.cuda.global.cublas.cublasLtMatrixLayoutCreate;
import static org.bytedeco.cuda.global.cublas.cublasLtMatrixLayoutDestroy;
import static org.bytedeco.cuda.global.cudart.CUDA_R_16BF;
import static org.bytedeco.cuda.global.cudart.CUDA_R_16F;
import static org.bytedeco.cuda.global.cudart.CUDA_R_32F;

import dev.bgem3.error.OutOfDeviceMemoryException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cublas.cublasLtMatmulAlgo_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulHeuristicResult_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulPreferenceOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatrixLayoutOpaque_t;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/**
 * Matrix products by cuBLASLt, with Elements as inputs and outputs and sums in fp32. Thread-safe.
 *
 * <p>
 * cuBLAS is column-major and we are row-major, so {@code out[M, N] = in[M, K] · weight[N, K]ᵀ} is computed as
 * {@code outᵀ = weight · inᵀ}: the left operand is our weight, read as a [K, N] matrix to transpose, and the
 * right operand is our input.
 *
 * <p>
 * The algorithm depends only on N, K and the class of M, so that a row has the same bits in any batch of its
 * class. Algorithms that split a sum over blocks are allowed only if they combine the parts in fp32 and in a
 * fixed order.
 */
final class CudaProduct implements AutoCloseable {
    /** cuBLAS's recommendation for the newest GPUs; more does not help. */
    static final long SCRATCH_BYTES = 32L << 20;

    /** N and K must be multiples of this, so that every row starts at a multiple of 16 bytes. */
    static final int ALIGNMENT = 8;

    /** The shapes that share an algorithm: all M of one class. */
    private record ShapeClass(int m, int n, int k, boolean biased) {}

    /** The layout of a column-major matrix without gaps between columns, for one call. */
    private final class Layout implements AutoCloseable {
        private final cublasLtMatrixLayoutOpaque_t handle;

        Layout(int rows, int columns) {
            handle = create(cublasLtMatrixLayoutOpaque_t::new,
                    list -> cublasLtMatrixLayoutCreate(list, type, rows, columns, rows),
                    "cublasLtMatrixLayoutCreate");
        }

        @Override
        public void close() {
            cublasLtMatrixLayoutDestroy(handle);
        }
    }

    private final CudaDevice device;
    private final int type;
    private final cublasLtContext context = new cublasLtContext();
    private final FloatPointer one = new FloatPointer(1f);
    private final FloatPointer zero = new FloatPointer(0f);
    private final Map<ShapeClass, cublasLtMatmulAlgo_t> algorithms = new ConcurrentHashMap<>();
    /** Keyed by the bias's address. */
    private final Map<Long, cublasLtMatmulDescOpaque_t> descriptors = new ConcurrentHashMap<>();

    CudaProduct(CudaDevice device, Elements elements) {
        this.device = device;
        type = switch (elements) {
            case FP16 -> CUDA_R_16F;
            case BF16 -> CUDA_R_16BF;
        };
        device.use();
        check(cublasLtCreate(context), "cublasLtCreate");
    }

    private void check(int status, String call) {
        if (status != 0) {
            String message = device.label() + ": " + call + " failed: " + status + " "
                    + cublasLtGetStatusName(status).getString() + ": "
                    + cublasLtGetStatusString(status).getString();
            throw status == CUBLAS_STATUS_ALLOC_FAILED
                    ? new OutOfDeviceMemoryException(message)
                    : device.failure(message);
        }
    }

    /** Submits a product to the stream. */
    void enqueue(Step.Multiply step, long scratch, CUstream_st stream) {
        cublasLtMatmulAlgo_t algorithm = algorithms.computeIfAbsent(
                new ShapeClass(classOf(step.m()), step.n(), step.k(), step.bias() != 0), this::choose);
        try (Layout weight = new Layout(step.k(), step.n());
                Layout in = new Layout(step.k(), step.m());
                Layout out = new Layout(step.n(), step.m())) {
            check(cublasLtMatmul(context, descriptor(step.bias()), one, new Address(step.weight()),
                    weight.handle,
                    new Address(step.in()), in.handle, zero, new Address(step.out()), out.handle,
                    new Address(step.out()), out.handle, algorithm, new Address(scratch), SCRATCH_BYTES,
                    stream),
                    "cublasLtMatmul");
        }
    }

    /** Returns the largest M of the class of {@code m}: 16, then in steps of a quarter of a power of two. */
    static int classOf(int m) {
        if (m <= 16) {
            return 16;
        }
        int step = Math.max(16, Integer.highestOneBit(m - 1) / 4);
        return Math.ceilDiv(m, step) * step;
    }

    private cublasLtMatmulAlgo_t choose(ShapeClass shape) {
        cublasLtMatmulPreferenceOpaque_t preference = create(cublasLtMatmulPreferenceOpaque_t::new,
                list -> cublasLtMatmulPreferenceCreate(list), "cublasLtMatmulPreferenceCreate");
        // For the choice of an algorithm it only matters whether there is a bias, not its address.
        cublasLtMatmulDescOpaque_t descriptor = newDescriptor(shape.biased() ? 256 : 0);
        try (LongPointer scratch = new LongPointer(1).put(SCRATCH_BYTES);
                IntPointer schemes = new IntPointer(1).put(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);
                cublasLtMatmulHeuristicResult_t result = new cublasLtMatmulHeuristicResult_t();
                IntPointer found = new IntPointer(1);
                Layout weight = new Layout(shape.k(), shape.n());
                Layout in = new Layout(shape.k(), shape.m());
                Layout out = new Layout(shape.n(), shape.m())) {
            check(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                    scratch,
                    Long.BYTES), "cublasLtMatmulPreferenceSetAttribute");
            check(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
                    schemes, Integer.BYTES), "cublasLtMatmulPreferenceSetAttribute");
            check(cublasLtMatmulAlgoGetHeuristic(context, descriptor, weight.handle, in.handle, out.handle,
                    out.handle, preference, 1, result, found),
                    "cublasLtMatmulAlgoGetHeuristic for M = " + shape.m() + ", N = " + shape.n() + ", K = "
                            + shape.k());
            check(result.state(), "cublasLtMatmulAlgoGetHeuristic, its result");
            return new cublasLtMatmulAlgo_t(1).put(result.algo());
        } finally {
            cublasLtMatmulDescDestroy(descriptor);
            cublasLtMatmulPreferenceDestroy(preference);
        }
    }

    private cublasLtMatmulDescOpaque_t descriptor(long bias) {
        return descriptors.computeIfAbsent(bias, this::newDescriptor);
    }

    private cublasLtMatmulDescOpaque_t newDescriptor(long bias) {
        cublasLtMatmulDescOpaque_t descriptor = create(cublasLtMatmulDescOpaque_t::new,
                list -> cublasLtMatmulDescCreate(list, CUBLAS_COMPUTE_32F, CUDA_R_32F),
                "cublasLtMatmulDescCreate");
        set(descriptor, CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
        if (bias != 0) {
            set(descriptor, CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
            try (LongPointer address = new LongPointer(1).put(bias)) {
                check(cublasLtMatmulDescSetAttribute(descriptor, CUBLASLT_MATMUL_DESC_BIAS_POINTER, address,
                        Long.BYTES), "cublasLtMatmulDescSetAttribute");
            }
        }
        return descriptor;
    }

    // new IntPointer(n) would allocate n values rather than hold the value n.
    private void set(cublasLtMatmulDescOpaque_t descriptor, int attribute, int value) {
        try (IntPointer pointer = new IntPointer(1).put(value)) {
            check(cublasLtMatmulDescSetAttribute(descriptor, attribute, pointer, Integer.BYTES),
                    "cublasLtMatmulDescSetAttribute");
        }
    }

    /** Returns the object created by a call that stores a new object's address in its argument. */
    private <P extends Pointer> P create(Function<Pointer, P> wrap,
            ToIntFunction<PointerPointer<Pointer>> call, String name) {
        try (PointerPointer<Pointer> list = new PointerPointer<>(1)) {
            check(call.applyAsInt(list), name);
            return wrap.apply(list.get());
        }
    }

    @Override
    public void close() {
        algorithms.values().forEach(Pointer::close);
        if (device.isUsable()) {
            device.use();
            descriptors.values().forEach(descriptor -> cublasLtMatmulDescDestroy(descriptor));
            check(cublasLtDestroy(context), "cublasLtDestroy");
        }
        one.close();
        zero.close();
    }
}
