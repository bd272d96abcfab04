/**
 * The exceptions for problems with a model, its input or the machine, under one sealed root.
 *
 * <p>
 * Each message names the file, tensor, line, text or argument, the value found and the value expected.
 * Misuse of the API itself (a null argument, a closed model) throws the JDK's own
 * {@link java.lang.NullPointerException}, {@link java.lang.IllegalArgumentException} or
 * {@link java.lang.IllegalStateException}. This package depends on no other package of the module, so that
 * all of them can use it.
 */
package dev.bgem3.error;
