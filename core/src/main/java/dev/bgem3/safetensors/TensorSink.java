package dev.bgem3.safetensors;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.bgem3.weights.DType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Objects;

/** Receives the elements of the tensor that is being written. Not thread-safe. */
public final class TensorSink {
    private static final ValueLayout.OfShort SHORT = JAVA_SHORT_UNALIGNED.withOrder(LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT = JAVA_FLOAT_UNALIGNED.withOrder(LITTLE_ENDIAN);
    /** The number of elements converted at a time; this scratch stays in the first-level cache. */
    private static final int CHUNK = 2048;

    private final FileChannel channel;
    private final MemorySegment buffer;
    private final long totalBytes;
    private final SafetensorsWriter.Progress progress;
    private final short[] scratch = new short[CHUNK];
    private long filled;
    private long written;
    private String name;
    private DType dtype;
    private long bytesLeft;

    /**
     * Creates a sink that writes to the channel.
     *
     * @param buffer
     *            native memory for at least {@link #CHUNK} floats; the channel would copy a heap buffer to
     *            native memory, and keep that
     * @param totalBytes
     *            the size of the complete file, for {@code progress}
     */
    TensorSink(FileChannel channel, MemorySegment buffer, long totalBytes,
            SafetensorsWriter.Progress progress) {
        this.channel = channel;
        this.buffer = buffer;
        this.totalBytes = totalBytes;
        this.progress = progress;
    }

    /**
     * Writes {@code length} elements in the tensor's type: fp32 unchanged, fp16 and bf16 rounded to nearest
     * even.
     *
     * @throws IllegalStateException
     *             if the tensor has fewer elements left, or is not F32, F16 or BF16
     * @throws IOException
     *             if the file cannot be written
     */
    public void floats(float[] values, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, values.length);
        if (dtype != DType.F32 && dtype != DType.F16 && dtype != DType.BF16) {
            throw new IllegalStateException(name + ": floats for " + dtype + " (expected: F32, F16 or BF16)");
        }
        int elementBytes = dtype.sizeBits() / Byte.SIZE;
        take((long) length * elementBytes);
        for (int done = 0; done < length; done += CHUNK) {
            int count = Math.min(CHUNK, length - done);
            reserve((long) count * elementBytes);
            if (dtype == DType.F32) {
                MemorySegment.copy(values, offset + done, buffer, FLOAT, filled, count);
            } else {
                if (dtype == DType.F16) {
                    narrowHalf(values, offset + done, count);
                } else {
                    narrowBrain(values, offset + done, count);
                }
                MemorySegment.copy(scratch, 0, buffer, SHORT, filled, count);
            }
            filled += (long) count * elementBytes;
        }
    }

    /**
     * Writes bytes that already have the tensor's type, little-endian.
     *
     * @throws IllegalStateException
     *             if the tensor has fewer bytes left
     * @throws IOException
     *             if the file cannot be written
     */
    void bytes(MemorySegment bytes) throws IOException {
        take(bytes.byteSize());
        for (long done = 0; done < bytes.byteSize(); done += buffer.byteSize()) {
            long count = Math.min(buffer.byteSize(), bytes.byteSize() - done);
            reserve(count);
            MemorySegment.copy(bytes, done, buffer, filled, count);
            filled += count;
        }
    }

    void begin(String tensor, DType type, long sizeBytes) {
        name = tensor;
        dtype = type;
        bytesLeft = sizeBytes;
    }

    void end() {
        if (bytesLeft != 0) {
            throw new IllegalStateException(name + ": content " + bytesLeft + " bytes short of its shape");
        }
    }

    void raw(byte[] bytes) throws IOException {
        bytesLeft = bytes.length;
        bytes(MemorySegment.ofArray(bytes));
    }

    void flush() throws IOException {
        ByteBuffer bytes = buffer.asSlice(0, filled).asByteBuffer();
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        if (filled > 0) {
            written += filled;
            filled = 0;
            progress.onWritten(written, totalBytes);
        }
    }

    private void take(long bytes) {
        if (bytes > bytesLeft) {
            throw new IllegalStateException(
                    name + ": content of " + bytes + " more bytes (expected: " + bytesLeft
                            + ", by its shape)");
        }
        bytesLeft -= bytes;
    }

    private void reserve(long bytes) throws IOException {
        if (filled + bytes > buffer.byteSize()) {
            flush();
        }
    }

    private void narrowHalf(float[] values, int offset, int count) {
        for (int i = 0; i < count; i++) {
            scratch[i] = Float.floatToFloat16(values[offset + i]);
        }
    }

    private void narrowBrain(float[] values, int offset, int count) {
        for (int i = 0; i < count; i++) {
            int bits = Float.floatToRawIntBits(values[offset + i]);
            // Adds half a unit in the last place, minus one bit if that place is even; a NaN stays a NaN.
            int rounded = bits + 0x7fff + (bits >>> 16 & 1);
            boolean nan = (bits & 0x7fffffff) > 0x7f800000;
            scratch[i] = (short) ((nan ? bits | 0x400000 : rounded) >>> 16);
        }
    }
}
