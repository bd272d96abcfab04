package dev.bgem3.kernel;

/**
 * The layout in which a provider packs linear layers.
 *
 * @param name
 *            lower case letters, digits and hyphens, which only the provider interprets; it must change
 *            whenever the meaning of the bytes changes
 * @param numericsVersion
 *            {@link Arithmetic#numericsVersion()} of the arithmetic that most layers use
 */
public record PackedLayout(String name, int numericsVersion) {}
