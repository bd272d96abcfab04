package dev.bgem3.kernels.cuda;

import static org.bytedeco.cuda.global.cudart.CU_LAUNCH_PARAM_BUFFER_POINTER_AS_INT;
import static org.bytedeco.cuda.global.cudart.CU_LAUNCH_PARAM_BUFFER_SIZE_AS_INT;
import static org.bytedeco.cuda.global.cudart.cuLaunchKernel;
import static org.bytedeco.cuda.global.cudart.cudaMemcpyAsync;
import static org.bytedeco.cuda.global.cudart.cudaMemcpyDeviceToHost;
import static org.bytedeco.cuda.global.cudart.cudaMemcpyHostToDevice;
import static org.bytedeco.cuda.global.cudart.cudaStreamCreateWithFlags;
import static org.bytedeco.cuda.global.cudart.cudaStreamDestroy;
import static org.bytedeco.cuda.global.cudart.cudaStreamNonBlocking;
import static org.bytedeco.cuda.global.cudart.cudaStreamSynchronize;

import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;

/**
 * The memory, the stream and the recorded steps of one pass at a time. Used by one thread at a time.
 *
 * <p>
 * Operations are only recorded, and run when a result is read. If the steps of a pass equal those of an
 * earlier one, addresses included, the graph captured from that one can run instead.
 */
final class CudaWorkspace implements Workspace {
    /**
     * The most rows for a graph: larger passes keep the GPU busy while the next kernel is launched, and do
     * not get faster with a graph.
     */
    private static final int MAX_GRAPH_ROWS = 2048;

    private record KnownTiles(int[] cumulativeLengths, int queryTile, boolean firstOnly,
            AttentionTiles tiles) {}

    private final CudaDevice device;
    private final CudaProduct product;
    private final CUstream_st stream = new CUstream_st();
    private final Chunks<Long> memory;
    private final Chunks<MemorySegment> pinned;
    private final Graphs graphs;
    private final long productScratch;
    private final List<Step> recorded = new ArrayList<>();
    private final List<KnownTiles> knownTiles = new ArrayList<>();
    private final BytePointer block = new BytePointer(Arguments.MAX_BYTES);
    private final SizeTPointer blockSize = new SizeTPointer(1);
    private final PointerPointer<Pointer> blockOptions = new PointerPointer<>(5);
    private int maxRows;
    /** Whether steps were submitted to the GPU and have not been waited for. */
    private boolean running;
    private boolean closed;
    /** A scratch tensor that consecutive operations share. */
    private CudaTensor scratch;

    CudaWorkspace(CudaDevice device, CudaProduct product) {
        this.device = device;
        this.product = product;
        device.use();
        device.check(cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
        graphs = new Graphs(device, stream);
        productScratch = device.allocate(CudaProduct.SCRATCH_BYTES);
        memory = new Chunks<>(new Chunks.Source<>() {
            @Override
            public Long allocate(long bytes) {
                return device.allocate(bytes);
            }

            @Override
            public void free(Long address) {
                device.free(address);
            }

            @Override
            public Long slice(Long address, long offsetBytes, long bytes) {
                return address + offsetBytes;
            }
        });
        pinned = new Chunks<>(new Chunks.Source<>() {
            @Override
            public MemorySegment allocate(long bytes) {
                return device.allocatePinned(bytes);
            }

            @Override
            public void free(MemorySegment segment) {
                device.freePinned(segment);
            }

            @Override
            public MemorySegment slice(MemorySegment segment, long offsetBytes, long bytes) {
                return segment.asSlice(offsetBytes, bytes);
            }
        });
        blockOptions.put(0, new Address(CU_LAUNCH_PARAM_BUFFER_POINTER_AS_INT));
        blockOptions.put(1, block);
        blockOptions.put(2, new Address(CU_LAUNCH_PARAM_BUFFER_SIZE_AS_INT));
        blockOptions.put(3, blockSize);
        blockOptions.put(4, new Address(0));
    }

    @Override
    public Tensor tensor(int rows, int columns) {
        return new CudaTensor(this, memory.take(Elements.BYTES * rows * columns), rows, columns);
    }

    /** Returns a tensor that is valid until the next call of this method. */
    CudaTensor scratch(int rows, int columns) {
        if (scratch == null || scratch.bytes() < Elements.BYTES * rows * columns) {
            scratch = CudaTensor.of(tensor(rows, columns));
        }
        return new CudaTensor(this, scratch.address(), rows, columns);
    }

    /** Appends a step to the pass. */
    void append(Step step) {
        recorded.add(step);
    }

    /** Appends a kernel launch to the pass. */
    void launch(KernelFunction function, int gridX, int gridY, Arguments arguments) {
        if (gridX > 0 && gridY > 0) {
            append(new Step.Launch(function, gridX, gridY, arguments));
        }
    }

    /** Records how many rows the pass works on. */
    void rows(int count) {
        maxRows = Math.max(maxRows, count);
    }

    /** Appends a copy of {@code values} to the GPU; returns their address there. */
    long upload(int[] values) {
        MemorySegment host = pinned.take(Integer.BYTES * (long) values.length);
        MemorySegment.copy(values, 0, host, ValueLayout.JAVA_INT, 0, values.length);
        return upload(host);
    }

    /** Appends a copy of {@code values} to the GPU; returns their address there. */
    long upload(float[] values) {
        MemorySegment host = pinned.take(Float.BYTES * (long) values.length);
        MemorySegment.copy(values, 0, host, ValueLayout.JAVA_FLOAT, 0, values.length);
        return upload(host);
    }

    private long upload(MemorySegment host) {
        long address = memory.take(host.byteSize());
        if (host.byteSize() > 0) {
            append(new Step.Upload(address, host.address(), host.byteSize()));
        }
        return address;
    }

    /** Returns the attention tiles for these sequences; the layers of a pass share them. */
    AttentionTiles tiles(int[] cumulativeLengths, int queryTile, boolean firstOnly) {
        for (KnownTiles known : knownTiles) {
            if (known.queryTile == queryTile && known.firstOnly == firstOnly
                    && Arrays.equals(known.cumulativeLengths, cumulativeLengths)) {
                return known.tiles;
            }
        }
        int[] list = AttentionTiles.list(cumulativeLengths, queryTile, firstOnly);
        AttentionTiles tiles = new AttentionTiles(upload(list), list.length / AttentionTiles.INTS,
                firstOnly ? 1 : queryTile);
        knownTiles.add(new KnownTiles(cumulativeLengths.clone(), queryTile, firstOnly, tiles));
        return tiles;
    }

    /** Appends a copy of rounded {@code values} to the GPU's memory at {@code address}. */
    void write(long address, short[] values) {
        MemorySegment host = pinned.take(Elements.BYTES * values.length);
        MemorySegment.copy(values, 0, host, ValueLayout.JAVA_SHORT, 0, values.length);
        if (values.length > 0) {
            append(new Step.Upload(address, host.address(), host.byteSize()));
        }
    }

    /** Runs the recorded steps and copies {@code bytes} of the results to the host. */
    MemorySegment download(long address, long bytes) {
        MemorySegment host = pinned.take(bytes);
        if (bytes > 0) {
            append(new Step.Download(host.address(), address, bytes));
        }
        run();
        await();
        return host;
    }

    private void run() {
        device.use();
        List<Step> pass = List.copyOf(recorded);
        recorded.clear();
        running = true;
        if (maxRows > MAX_GRAPH_ROWS || !graphs.run(pass, this::enqueue)) {
            pass.forEach(this::enqueue);
        }
    }

    private void await() {
        device.check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
        running = false;
    }

    private void enqueue(Step step) {
        switch (step) {
            case Step.Launch launch -> enqueue(launch);
            case Step.Multiply multiply -> product.enqueue(multiply, productScratch, stream);
            case Step.Upload copy -> device.check(cudaMemcpyAsync(new Address(copy.device()),
                    new Address(copy.host()), copy.bytes(), cudaMemcpyHostToDevice, stream),
                    "cudaMemcpyAsync");
            case Step.Download copy -> device.check(cudaMemcpyAsync(new Address(copy.host()),
                    new Address(copy.device()), copy.bytes(), cudaMemcpyDeviceToHost, stream),
                    "cudaMemcpyAsync");
        }
    }

    private void enqueue(Step.Launch launch) {
        ByteBuffer arguments = launch.arguments().bytes();
        block.position(0).put(arguments.array(), 0, arguments.limit());
        blockSize.put(arguments.limit());
        KernelFunction function = launch.function();
        device.check(cuLaunchKernel(function.handle(), launch.gridX(), launch.gridY(), 1,
                function.blockSize(), 1, 1,
                function.sharedBytes(), stream, null, blockOptions), "cuLaunchKernel");
    }

    @Override
    public void reset() {
        recorded.clear();
        knownTiles.clear();
        scratch = null;
        maxRows = 0;
        if (running) {
            // The last pass failed, and the GPU may still be using its memory.
            await();
        }
        boolean moved = pinned.reset();
        if (memory.reset() || moved) {
            graphs.clear();
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            graphs.clear();
            memory.close();
            pinned.close();
            device.free(productScratch);
            if (device.isUsable()) {
                device.use();
                device.check(cudaStreamDestroy(stream), "cudaStreamDestroy");
            }
            block.close();
            blockSize.close();
            blockOptions.close();
        }
    }
}
