/**
 * A process's memory: {@link dev.bgem3.memory.MappedPages} gives back what mapped files take of it,
 * {@link dev.bgem3.memory.PageArena} is memory in large pages, and {@link dev.bgem3.memory.SystemFunction} is
 * how the operating system is called. The package knows no other package of the module.
 */
package dev.bgem3.memory;
