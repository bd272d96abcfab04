/**
 * A process's memory: {@link dev.bgem3.memory.MappedPages} gives back what mapped files take of it,
 * {@link dev.bgem3.memory.PageArena} is memory in large pages. The package knows no other package of the module.
 */
package dev.bgem3.memory;
