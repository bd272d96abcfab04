package dev.bgem3.kernels.cuda;

import static org.bytedeco.cuda.global.cudart.cudaMemcpy;
import static org.bytedeco.cuda.global.cudart.cudaMemcpyHostToDevice;

import dev.bgem3.error.BackendException;
import dev.bgem3.kernel.MatrixSource;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Uploads weights to the GPU, rounded to Elements. Rows are read from the mapped file in parallel into a
 * window of pinned memory, which is then copied, so that the host never holds a second copy of the model.
 * Owns the memory of the weights.
 */
final class WeightUpload implements AutoCloseable {
    private static final long WINDOW_BYTES = 32L << 20;

    private final CudaDevice device;
    private final Elements elements;
    private final List<Long> memory = new ArrayList<>();
    /** Null before the first matrix and after {@link #release}. */
    private MemorySegment window;

    WeightUpload(CudaDevice device, Elements elements) {
        this.device = device;
        this.elements = elements;
    }

    /** Uploads a matrix in row-major order; returns its address. */
    synchronized long matrix(MatrixSource source) {
        long rowBytes = Elements.BYTES * source.columns();
        if (window == null || window.byteSize() < rowBytes) {
            release();
            window = device.allocatePinned(Math.max(WINDOW_BYTES, rowBytes));
        }
        long address = allocate(rowBytes * source.rows());
        int windowRows = (int) Math.min(source.rows(), window.byteSize() / rowBytes);
        for (int first = 0; first < source.rows(); first += windowRows) {
            int from = first;
            int count = Math.min(windowRows, source.rows() - first);
            IntStream.range(0, count).parallel()
                    .forEach(i -> round(source, from + i, window.asSlice(i * rowBytes, rowBytes)));
            copy(address + from * rowBytes, window, count * rowBytes);
        }
        return address;
    }

    private void round(MatrixSource source, int row, MemorySegment to) {
        float[] values = new float[source.columns()];
        source.readRow(row, values, 0);
        MemorySegment.copy(round(values), 0, to, ValueLayout.JAVA_SHORT, 0, values.length);
    }

    private short[] round(float[] values) {
        short[] rounded = new short[values.length];
        elements.toElements(values, values.length, rounded);
        float[] back = new float[values.length];
        elements.toFloats(rounded, values.length, back, 0);
        for (int i = 0; i < values.length; i++) {
            if (Float.isInfinite(back[i]) && !Float.isInfinite(values[i])) {
                throw new BackendException("precision: fp16 cannot hold a weight of " + values[i]
                        + " (expected: weights of at most 65504; bf16 can hold it)");
            }
        }
        return rounded;
    }

    /** Uploads a vector as Elements; returns its address. */
    synchronized long elements(float[] values) {
        MemorySegment rounded = MemorySegment.ofArray(round(values));
        return copyOf(rounded);
    }

    /** Uploads a vector in fp32; returns its address. */
    synchronized long floats(float[] values) {
        return copyOf(MemorySegment.ofArray(values));
    }

    private long copyOf(MemorySegment values) {
        long address = allocate(values.byteSize());
        MemorySegment pinned = device.allocatePinned(Math.max(1, values.byteSize()));
        try {
            pinned.copyFrom(values);
            copy(address, pinned, values.byteSize());
        } finally {
            device.freePinned(pinned);
        }
        return address;
    }

    private long allocate(long bytes) {
        long address = device.allocate(Math.max(1, bytes));
        memory.add(address);
        return address;
    }

    private void copy(long to, MemorySegment from, long bytes) {
        device.use();
        device.check(cudaMemcpy(new Address(to), new Address(from.address()), bytes, cudaMemcpyHostToDevice),
                "cudaMemcpy");
    }

    /** Frees the window once the weights are uploaded. */
    synchronized void release() {
        if (window != null) {
            device.freePinned(window);
            window = null;
        }
    }

    @Override
    public synchronized void close() {
        release();
        memory.forEach(device::free);
        memory.clear();
    }
}
