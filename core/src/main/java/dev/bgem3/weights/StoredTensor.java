package dev.bgem3.weights;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.bgem3.error.ModelException;
import dev.bgem3.text.Messages;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;

/**
 * A tensor in a mapped file: a name, an element type, a shape, strides and the bytes. Element
 * {@code [i, j, …]} is element {@code i·strides[0] + j·strides[1] + …} of {@link #data()}.
 *
 * <p>
 * Immutable and thread-safe; valid until its {@link TensorFile} is closed.
 */
public final class StoredTensor implements TensorRows {
    private static final ValueLayout.OfShort SHORT = JAVA_SHORT_UNALIGNED.withOrder(LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT = JAVA_FLOAT_UNALIGNED.withOrder(LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE = JAVA_DOUBLE_UNALIGNED.withOrder(LITTLE_ENDIAN);
    /** The number of elements converted at a time; this scratch stays in the first-level cache. */
    private static final int CHUNK = 2048;
    /** Kept between calls, because a row of the embeddings is read for every token of every text. */
    private static final ThreadLocal<short[]> SHORTS = ThreadLocal.withInitial(() -> new short[CHUNK]);

    private final Path file;
    private final String name;
    private final DType dtype;
    private final long[] shape;
    private final long[] strides;
    private final MemorySegment data;

    private StoredTensor(Path file, String name, DType dtype, long[] shape, long[] strides,
            MemorySegment data) {
        this.file = file;
        this.name = name;
        this.dtype = dtype;
        this.shape = shape;
        this.strides = strides;
        this.data = data;
    }

    /**
     * Creates a strided view of {@code data}, which the format's reader has checked against the file.
     *
     * @param data
     *            exactly the bytes from the first element to the last
     * @throws IllegalArgumentException
     *             if a size or stride is negative, or {@code data} does not have the extent that they span
     */
    public static StoredTensor strided(Path file, String name, DType dtype, long[] shape, long[] strides,
            MemorySegment data) {
        long extent = extent(shape, strides);
        if (data.byteSize() != dtype.sizeBytes(extent)) {
            throw new IllegalArgumentException("data: " + data.byteSize() + " bytes (expected: "
                    + dtype.sizeBytes(extent) + " for " + extent + " elements of " + dtype + ")");
        }
        return new StoredTensor(file, name, dtype, shape.clone(), strides.clone(), data.asReadOnly());
    }

    /**
     * Creates a tensor whose elements are contiguous in row-major order.
     *
     * @throws IllegalArgumentException
     *             if a size is negative or {@code data} does not have the length that the shape requires
     */
    public static StoredTensor contiguous(Path file, String name, DType dtype, long[] shape,
            MemorySegment data) {
        long[] strides = new long[shape.length];
        long stride = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            strides[i] = stride;
            // The other sizes of a tensor without elements may be anything. Its strides are unused, so that
            // they may overflow.
            stride *= Math.max(shape[i], 1);
        }
        if (data.byteSize() == 0) {
            Arrays.fill(strides, 0);
        }
        return strided(file, name, dtype, shape, strides, data);
    }

    /**
     * Returns the number of elements from the first to the last of a view, inclusive; 0 for an empty view.
     *
     * @throws IllegalArgumentException
     *             if there is not one stride for each size, or a size or stride is negative
     * @throws ArithmeticException
     *             if the number overflows a long
     */
    public static long extent(long[] shape, long[] strides) {
        if (shape.length != strides.length) {
            throw new IllegalArgumentException(
                    "strides: " + Arrays.toString(strides) + " (expected: as many as of "
                            + Arrays.toString(shape) + ")");
        }
        boolean empty = false;
        long last = 0;
        for (int i = 0; i < shape.length; i++) {
            if (shape[i] < 0 || strides[i] < 0) {
                throw new IllegalArgumentException("size " + Arrays.toString(shape) + " by stride "
                        + Arrays.toString(strides) + " (expected: none negative)");
            }
            empty |= shape[i] == 0;
        }
        for (int i = 0; i < shape.length && !empty; i++) {
            last = Math.addExact(last, Math.multiplyExact(shape[i] - 1, strides[i]));
        }
        return empty ? 0 : Math.addExact(last, 1);
    }

    /** Returns the file that contains the tensor, for messages. */
    public Path file() {
        return file;
    }

    /** Returns the name of the tensor in the file. */
    public String name() {
        return name;
    }

    /** Returns the type of the elements in the file. */
    public DType dtype() {
        return dtype;
    }

    /** Returns the size of each dimension, outermost first; empty for a scalar. */
    @Override
    public long[] shape() {
        return shape.clone();
    }

    /** Returns the distance in elements between adjacent indices of each dimension, outermost first. */
    public long[] strides() {
        return strides.clone();
    }

    /**
     * Returns the bytes from the first element to the last in the mapped file: read-only, little-endian, with
     * any alignment.
     */
    public MemorySegment data() {
        return data;
    }

    /** Returns the product of the sizes; 1 for a scalar. */
    @Override
    public long elementCount() {
        long count = 1;
        for (long size : shape) {
            count *= size;
        }
        return count;
    }

    /** Returns whether the elements are in row-major order without gaps. */
    public boolean isContiguous() {
        long expected = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            if (shape[i] == 0) {
                return true;
            }
            if (shape[i] != 1 && strides[i] != expected) {
                return false;
            }
            expected *= shape[i];
        }
        return true;
    }

    /**
     * Converts row {@code row} of a tensor {@code [rows, columns]} to fp32, exactly except for F64, which is
     * rounded to nearest. A tensor {@code [columns]} is treated as one row.
     *
     * @param destination
     *            receives the columns from {@code offset} on
     * @throws ModelException
     *             if the tensor does not have one or two dimensions or a floating-point type
     * @throws IndexOutOfBoundsException
     *             if there is no such row, or the destination is too short
     */
    @Override
    public void readRow(long row, float[] destination, int offset) {
        requireFloating();
        if (shape.length != 1 && shape.length != 2) {
            throw new ModelException(describe() + " (expected: one or two dimensions)");
        }
        boolean matrix = shape.length == 2;
        Objects.checkIndex(row, matrix ? shape[0] : 1);
        int last = shape.length - 1;
        Objects.checkFromIndexSize((long) offset, shape[last], destination.length);
        read(matrix ? row * strides[0] : 0, strides[last], destination, offset, (int) shape[last]);
    }

    /**
     * Returns all elements in row-major order, converted like {@link #readRow} does; for tensors that are
     * small, or whose shape has been checked.
     *
     * @throws ModelException
     *             if the tensor does not have a floating-point type, or its elements do not fit in an array
     */
    @Override
    public float[] toFloats() {
        requireFloating();
        long count = elementCount();
        if (count > Integer.MAX_VALUE - 8) {
            throw new ModelException(describe() + " (expected: no more elements than an array has)");
        }
        float[] floats = new float[(int) count];
        if (count == 0) {
            return floats;
        }
        if (isContiguous()) {
            read(0, 1, floats, 0, (int) count);
            return floats;
        }
        // A tensor that is not contiguous has at least one dimension. Iterate over all except the last.
        int last = shape.length - 1;
        int columns = (int) shape[last];
        long[] index = new long[last];
        long start = 0;
        for (int offset = 0; offset < floats.length; offset += columns) {
            read(start, strides[last], floats, offset, columns);
            int dimension = last - 1;
            while (dimension >= 0 && ++index[dimension] == shape[dimension]) {
                start -= (shape[dimension] - 1) * strides[dimension];
                index[dimension--] = 0;
            }
            if (dimension >= 0) {
                start += strides[dimension];
            }
        }
        return floats;
    }

    /** Returns file, name, type and shape: {@code model.safetensors: tensor "x.weight": F16 [3, 4]}. */
    @Override
    public String describe() {
        return file + ": tensor \"" + Messages.printable(name) + "\": " + dtype + " "
                + Arrays.toString(shape);
    }

    @Override
    public String toString() {
        return describe();
    }

    private void requireFloating() {
        if (!dtype.readableAsFloat()) {
            throw new ModelException(describe() + " (expected: F32, F16, BF16 or F64)");
        }
    }

    /**
     * Converts {@code length} elements, which begin at element {@code start} of the data and are
     * {@code stride} elements apart.
     */
    private void read(long start, long stride, float[] destination, int offset, int length) {
        if (length == 0) {
            return;
        }
        if (stride != 1 && length > 1) {
            for (int i = 0; i < length; i++) {
                read(start + i * stride, 1, destination, offset + i, 1);
            }
            return;
        }
        // Copy, then convert: C2 vectorises these conversion loops over arrays, but not over a segment.
        switch (dtype) {
            case F32 -> MemorySegment.copy(data, FLOAT, start * Float.BYTES, destination, offset, length);
            case F64 -> readDoubles(start, destination, offset, length);
            case F16, BF16 -> readShorts(start, destination, offset, length);
            default -> throw new AssertionError(dtype);
        }
    }

    private void readDoubles(long start, float[] destination, int offset, int length) {
        double[] scratch = new double[Math.min(length, CHUNK)];
        for (int done = 0; done < length; done += CHUNK) {
            int count = Math.min(CHUNK, length - done);
            MemorySegment.copy(data, DOUBLE, (start + done) * Double.BYTES, scratch, 0, count);
            for (int i = 0; i < count; i++) {
                destination[offset + done + i] = (float) scratch[i];
            }
        }
    }

    private void readShorts(long start, float[] destination, int offset, int length) {
        short[] scratch = SHORTS.get();
        for (int done = 0; done < length; done += CHUNK) {
            int count = Math.min(CHUNK, length - done);
            MemorySegment.copy(data, SHORT, (start + done) * Short.BYTES, scratch, 0, count);
            if (dtype == DType.F16) {
                widenHalf(scratch, destination, offset + done, count);
            } else {
                widenBrain(scratch, destination, offset + done, count);
            }
        }
    }

    private static void widenHalf(short[] source, float[] destination, int offset, int count) {
        for (int i = 0; i < count; i++) {
            destination[offset + i] = Float.float16ToFloat(source[i]);
        }
    }

    private static void widenBrain(short[] source, float[] destination, int offset, int count) {
        for (int i = 0; i < count; i++) {
            destination[offset + i] = Float.intBitsToFloat(source[i] << 16);
        }
    }
}
