/**
 * What each command does once its words are understood.
 *
 * <p>
 * Start with {@link dev.bgem3.app.handler.EncodeHandler}, whose lines come in windows from
 * {@link dev.bgem3.app.handler.LineWork}, the reason why memory does not grow with the input.
 * {@link dev.bgem3.app.handler.Progress} draws how far the work is. {@code Published} holds the figures that
 * {@link dev.bgem3.app.handler.DemoHandler} and {@link dev.bgem3.app.handler.VerifyHandler} compare with.
 */
package dev.bgem3.app.handler;
