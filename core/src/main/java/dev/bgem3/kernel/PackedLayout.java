package dev.bgem3.kernel;

/**
 * How a provider lays linear layers out in memory.
 *
 * @param name
 *            for the provider's eyes: lower case letters, digits and hyphens. A provider changes it whenever
 *            it changes what the bytes mean
 * @param numericsVersion
 *            {@link Arithmetic#numericsVersion()} of the arithmetic that most layers are for
 */
public record PackedLayout(String name, int numericsVersion) {}
