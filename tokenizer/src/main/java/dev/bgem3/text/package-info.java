/**
 * What every reader of files needs of text: {@link dev.bgem3.text.Messages} words what a message quotes
 * from a file or the operating system, {@link dev.bgem3.text.Utf8} decodes strictly. Exported to the module
 * {@code dev.bgem3.core} alone.
 */
package dev.bgem3.text;
