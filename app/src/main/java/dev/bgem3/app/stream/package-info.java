/**
 * Input and output of the command line.
 *
 * <p>
 * {@link dev.bgem3.app.stream.LineReader} reads lines of text; {@link dev.bgem3.app.stream.ResultFile} is
 * standard output, or a file that is written only when all results are complete. Both take their standard
 * streams from {@link dev.bgem3.app.stream.Streams}, and name the file in each {@link
 * dev.bgem3.app.stream.StreamException}.
 */
package dev.bgem3.app.stream;
