/**
 * The JSON of the command line, one object per line.
 *
 * <p>
 * A {@link dev.bgem3.app.wire.LineParser}, such as those that {@link dev.bgem3.app.wire.JsonLines} returns,
 * parses the input; {@link dev.bgem3.app.wire.ResultWriter} writes the results. The keys are a contract with
 * other programs.
 */
package dev.bgem3.app.wire;
