/**
 * Memory of the process and calls of the operating system: {@link dev.bgem3.memory.MappedPages} drops the
 * pages of mapped files, {@link dev.bgem3.memory.PageArena} allocates in large pages, and
 * {@link dev.bgem3.memory.SystemFunction} calls a function of the system. The package depends on no other
 * package of the module.
 */
package dev.bgem3.memory;
