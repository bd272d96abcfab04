/**
 * The JSON of the command line, one object a line.
 *
 * <p>
 * What comes in is read by a {@link dev.bgem3.app.wire.LineParser}, of which {@link
 * dev.bgem3.app.wire.JsonLines} makes two; what goes out is written by {@link
 * dev.bgem3.app.wire.ResultWriter}. The keys are a contract with other programs.
 */
package dev.bgem3.app.wire;
