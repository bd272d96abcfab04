package dev.bgem3.kernel;

import dev.bgem3.memory.PageArena;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Off-heap memory for the CPU providers, allocated front to back from one chunk. A request that does not fit
 * gets a new chunk, and the next reset replaces all chunks with one that is large enough. If nothing is in
 * use, the new chunk replaces the old one at once.
 */
public final class HostWorkspace implements Workspace {
    private static final long ALIGNMENT = 64;

    private record Chunk(Arena arena, MemorySegment memory) {
        static Chunk of(long bytes) {
            Arena arena = new PageArena();
            return new Chunk(arena, arena.allocate(bytes, ALIGNMENT));
        }
    }

    private final boolean bf16;
    private final List<Chunk> chunks = new ArrayList<>();
    /** Bytes of the last chunk in use. */
    private long used;
    /** Bytes requested since the last reset. */
    private long asked;

    /** Creates an empty workspace whose tensors are all fp32. */
    public HostWorkspace() {
        this(false);
    }

    /**
     * Creates an empty workspace.
     *
     * @param bf16
     *            whether rounded tensors are bf16
     */
    public HostWorkspace(boolean bf16) {
        this.bf16 = bf16;
    }

    @Override
    public Tensor tensor(int rows, int columns) {
        return tensor(rows, columns, false);
    }

    /** Uses bf16 only if a row is then a multiple of a cache line, so that products can read it in place. */
    @Override
    public Tensor roundedTensor(int rows, int columns) {
        return tensor(rows, columns, bf16 && (long) columns * Short.BYTES % ALIGNMENT == 0);
    }

    private HostTensor tensor(int rows, int columns, boolean isBf16) {
        long elementBytes = isBf16 ? Short.BYTES : Float.BYTES;
        return new HostTensor(memory(elementBytes * rows * columns), rows, columns, isBf16);
    }

    /** Returns memory of the given size, aligned for whole vectors. */
    public MemorySegment memory(long bytes) {
        long size = Math.max(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
        if (chunks.isEmpty() || used + size > chunks.getLast().memory().byteSize()) {
            if (asked == 0) {
                close();
            }
            chunks.add(Chunk.of(size));
            used = 0;
        }
        MemorySegment memory = chunks.getLast().memory().asSlice(used, bytes);
        used += size;
        asked += size;
        return memory;
    }

    /** Returns the size that the workspace has grown to. */
    long heldBytes() {
        return chunks.stream().mapToLong(chunk -> chunk.memory().byteSize()).sum();
    }

    @Override
    public void reset() {
        if (chunks.size() > 1) {
            long sum = asked;
            close();
            chunks.add(Chunk.of(sum));
        }
        used = 0;
        asked = 0;
    }

    @Override
    public void close() {
        chunks.forEach(chunk -> chunk.arena().close());
        chunks.clear();
        used = 0;
        asked = 0;
    }
}
