package dev.bgem3.app.wire;

/**
 * One text of the input.
 *
 * @param id
 *            the JSON value to give back with the result, as it was written
 * @param text
 *            the text
 */
public record TextLine(String id, String text) {}
