package dev.bgem3.app.stream;

import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;

/**
 * The process's three streams, as a command sees them.
 *
 * @param in
 *            standard input
 * @param out
 *            standard output: results and nothing else
 * @param err
 *            standard error: messages, warnings, progress
 * @param errIsTerminal
 *            whether a person reads {@code err}, so that progress is worth drawing
 */
public record Streams(InputStream in, OutputStream out, PrintStream err, boolean errIsTerminal) {}
