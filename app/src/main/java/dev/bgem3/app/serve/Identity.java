package dev.bgem3.app.serve;

/**
 * What answers say of who gives them.
 *
 * @param modelName
 *            the model's name
 * @param version
 *            this program's version
 */
public record Identity(String modelName, String version) {}
