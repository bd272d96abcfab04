/**
 * The work of each command, after its arguments are parsed.
 *
 * <p>
 * Start with {@link dev.bgem3.app.handler.EncodeHandler}, which gets its lines in windows from
 * {@link dev.bgem3.app.handler.LineWork}, so that memory does not grow with the input.
 * {@link dev.bgem3.app.handler.Progress} shows progress. {@code Published} has the figures that
 * {@link dev.bgem3.app.handler.DemoHandler} and {@link dev.bgem3.app.handler.VerifyHandler} compare with.
 */
package dev.bgem3.app.handler;
