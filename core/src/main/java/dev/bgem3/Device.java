package dev.bgem3;

import dev.bgem3.engine.DeviceRequest;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * The devices that compute: the CPU, or one or more NVIDIA GPUs, each of which holds the whole model.
 * Immutable.
 *
 * {@snippet file="dev/bgem3/sample/LoadSamplesTest.java" region="backend"}
 */
public final class Device {
    /** The first GPU if its kernels are installed, usable and offer the precision; else the CPU. */
    public static final Device AUTO = parse(DeviceRequest.AUTO);
    /** The CPU. */
    public static final Device CPU = parse(DeviceRequest.CPU);
    private static final String CUDA_NAME = "cuda";
    /** All GPUs, which share the batches of one queue. */
    public static final Device ALL_CUDA = parse(CUDA_NAME + ":all");

    private final DeviceRequest request;

    Device(DeviceRequest request) {
        this.request = request;
    }

    /**
     * Returns the GPUs with these numbers, which share the batches of one queue.
     *
     * @throws IllegalArgumentException
     *             if a number is negative or occurs twice
     */
    public static Device cuda(int first, int... others) {
        Objects.requireNonNull(others, "others");
        return parse(CUDA_NAME + ":" + first + Arrays.stream(others).mapToObj(number -> "," + number)
                .collect(Collectors.joining()));
    }

    /**
     * Parses {@code auto}, {@code cpu}, {@code cuda} for the first GPU, {@code cuda:1} for another one,
     * {@code cuda:0,1} for several, or {@code cuda:all}.
     *
     * @throws IllegalArgumentException
     *             if the text is none of these
     */
    public static Device parse(String text) {
        Objects.requireNonNull(text, "text");
        return new Device(DeviceRequest.parse(text));
    }

    DeviceRequest request() {
        return request;
    }

    /** Returns whether both name the same devices, as {@code cuda} and {@code cuda:0} do. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Device that && request.kind().equals(that.request.kind())
                && request.all() == that.request.all() && request.numbers().equals(that.request.numbers());
    }

    @Override
    public int hashCode() {
        return Objects.hash(request.kind(), request.all(), request.numbers());
    }

    /** Returns the text that {@link #parse} reads. */
    @Override
    public String toString() {
        return request.text();
    }
}
