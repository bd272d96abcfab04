package dev.bgem3.app.serve;

/**
 * The model's name and the program's version in responses.
 *
 * @param modelName
 *            the model's name
 * @param version
 *            this program's version
 */
public record Identity(String modelName, String version) {}
