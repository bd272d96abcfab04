/**
 * {@link dev.bgem3.io.UnfinishedPath} keeps half-written files from staying behind,
 * {@link dev.bgem3.io.QuietLogger} logs without harm. The package knows no other package of the module, so
 * that all may use it.
 */
package dev.bgem3.io;
