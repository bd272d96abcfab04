package dev.bgem3.engine;

import dev.bgem3.kernel.Arithmetic;
import java.util.Optional;

/**
 * Where and in what a model is to compute.
 *
 * @param kernels
 *            the kernels' name, or {@code auto}
 * @param device
 *            as {@link DeviceRequest} reads it
 * @param arithmetic
 *            empty for the best on the device
 * @param threads
 *            how many threads compute; 0 for as many as there are processors
 */
public record BackendRequest(String kernels, DeviceRequest device, Optional<Arithmetic> arithmetic,
        int threads) {}
