/**
 * File and log utilities. {@link dev.bgem3.io.UnfinishedPath} removes files that were not written to the
 * end; {@link dev.bgem3.io.MountPoints} knows which files cannot be replaced;
 * {@link dev.bgem3.io.QuietLogger} logs without ever throwing, and {@link dev.bgem3.io.RepeatedFailure}
 * without filling the log. This package depends on no other package of
 * the module, so that all of them can use it.
 */
package dev.bgem3.io;
