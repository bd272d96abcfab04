/**
 * What can go wrong with a model, its input or the machine: one sealed root and its few kinds.
 *
 * <p>
 * Each message gives what was named (file, tensor, line, text, argument), the value found and what was
 * expected. Misuse of the interface itself (a null argument, a closed model) is the JDK's own
 * {@link java.lang.NullPointerException}, {@link java.lang.IllegalArgumentException} or
 * {@link java.lang.IllegalStateException}. The package knows no other package of the module, so that all may
 * use it.
 */
package dev.bgem3.error;
