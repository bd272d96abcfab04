package dev.bgem3.kernels.cuda;

import dev.bgem3.kernel.Tensor;
import java.lang.foreign.MemorySegment;

/** A row-major matrix of Elements in the GPU's memory, without gaps between rows. */
final class CudaTensor implements Tensor {
    private final CudaWorkspace workspace;
    private final long address;
    private final int rows;
    private final int columns;
    /** The copy on the host, or null if there is none since the last write on the GPU. */
    private MemorySegment host;

    CudaTensor(CudaWorkspace workspace, long address, int rows, int columns) {
        this.workspace = workspace;
        this.address = address;
        this.rows = rows;
        this.columns = columns;
    }

    /** Casts a tensor that this provider created. */
    static CudaTensor of(Tensor tensor) {
        return (CudaTensor) tensor;
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int columns() {
        return columns;
    }

    CudaWorkspace workspace() {
        return workspace;
    }

    /** Returns the address, for an operation that reads the tensor. */
    long address() {
        return address;
    }

    /** Returns the address, for an operation that writes the tensor; this discards the copy on the host. */
    long target() {
        host = null;
        return address;
    }

    long bytes() {
        return Elements.BYTES * rows * columns;
    }

    /** Returns the contents on the host, after running the recorded steps. */
    MemorySegment host() {
        if (host == null) {
            host = workspace.download(address, bytes());
        }
        return host;
    }
}
