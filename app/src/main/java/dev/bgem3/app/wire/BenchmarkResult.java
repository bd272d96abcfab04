package dev.bgem3.app.wire;

import java.util.OptionalLong;

/**
 * The result of {@code bench}; times are in milliseconds for one pass over the whole batch.
 *
 * @param batch
 *            the number of texts in a pass
 * @param tokens
 *            the number of tokens in a text
 * @param precision
 *            the precision of the matrix products
 * @param device
 *            the devices that computed
 * @param kernels
 *            the name of the kernels
 * @param threads
 *            the number of threads that computed
 * @param medianMs
 *            the time of the median pass
 * @param minMs
 *            the time of the fastest pass
 * @param maxMs
 *            the time of the slowest pass
 * @param tokensPerSecond
 *            the throughput of the median pass
 * @param gflops
 *            10⁹ floating-point operations per second in the median pass
 * @param loadMs
 *            the time to load the model
 * @param peakRssMb
 *            the process's peak memory in MiB, if the system reports it
 */
public record BenchmarkResult(int batch, int tokens, String precision, String device, String kernels,
        int threads,
        double medianMs, double minMs, double maxMs, double tokensPerSecond, double gflops, double loadMs,
        OptionalLong peakRssMb) {}
