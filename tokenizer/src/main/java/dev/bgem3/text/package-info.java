/**
 * Text utilities for code that reads files. {@link dev.bgem3.text.Messages} formats what a message quotes
 * from a file or the operating system; {@link dev.bgem3.text.FileStart} recognises
 * what stands in the place of a file; {@link dev.bgem3.text.TooManyOpenFilesException} tells a limit of the
 * process from a fault of a file; {@link dev.bgem3.text.Utf8} decodes strictly. Exported to the module
 * {@code dev.bgem3.core} alone.
 */
package dev.bgem3.text;
