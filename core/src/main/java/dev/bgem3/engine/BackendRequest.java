package dev.bgem3.engine;

import dev.bgem3.kernel.Arithmetic;
import java.util.Optional;

/**
 * The kernels, devices and arithmetic that a caller requests for a model.
 *
 * @param kernels
 *            the kernels' name, or {@code auto}
 * @param device
 *            the requested devices
 * @param arithmetic
 *            empty for the device's default
 * @param threads
 *            how many threads compute; 0 for the number of processors
 */
public record BackendRequest(String kernels, DeviceRequest device, Optional<Arithmetic> arithmetic,
        int threads) {}
