/**
 * Machine code assembled at run time: a code buffer with labels, executable memory, and calls into it.
 * Nothing here depends on the processor; each subpackage encodes the instructions of one architecture.
 *
 * <p>
 * Start at {@link dev.bgem3.asm.ExecutableMemory#load}, which places a function in memory, and
 * {@link dev.bgem3.asm.Code#call}, which runs it. If code cannot run,
 * {@link dev.bgem3.asm.CodeUnavailableException} says why.
 *
 * <p>
 * Arguments are never null. A {@link dev.bgem3.asm.CodeBuffer} belongs to one thread; everything else is
 * thread-safe.
 */
package dev.bgem3.asm;
