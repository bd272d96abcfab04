package dev.bgem3.app.wire;

import java.util.OptionalLong;

/**
 * What {@code bench} prints; times are milliseconds of one pass over the whole batch.
 *
 * @param batch
 *            the texts of a pass
 * @param tokens
 *            the tokens of a text
 * @param precision
 *            the arithmetic of the products
 * @param device
 *            what computed
 * @param kernels
 *            the name of the kernels
 * @param threads
 *            how many threads computed
 * @param medianMs
 *            the median pass
 * @param minMs
 *            the fastest pass
 * @param maxMs
 *            the slowest pass
 * @param tokensPerSecond
 *            of the median pass
 * @param gflops
 *            10⁹ floating-point operations a second, of the median pass
 * @param loadMs
 *            how long loading took
 * @param peakRssMb
 *            the most memory that the process has held, in MiB, where the system tells
 */
public record BenchmarkResult(int batch, int tokens, String precision, String device, String kernels,
        int threads,
        double medianMs, double minMs, double maxMs, double tokensPerSecond, double gflops, double loadMs,
        OptionalLong peakRssMb) {}
