/**
 * What every reader and writer of files shares, and a process's memory: {@link dev.bgem3.io.Messages} words what comes from a file or
 * the operating system, {@link dev.bgem3.io.UnfinishedPath} keeps half-written files from staying behind,
 * {@link dev.bgem3.io.MappedPages} gives back what mapped files take of a process's memory, and
 * {@link dev.bgem3.io.PageArena} is memory in large pages. The package knows no other package of the module, so that all may use it.
 */
package dev.bgem3.io;
