/**
 * Machine code for x86-64, assembled by the running program: an encoder of just the instructions that kernels use, labels,
 * executable memory, and what the processor can do.
 *
 * <p>
 * Start at {@link dev.bgem3.asm.Assembler}; {@link dev.bgem3.asm.Abi#function} makes a function of a body,
 * {@link dev.bgem3.asm.ExecutableMemory#load} places it, {@link dev.bgem3.asm.Code#call} runs it:
 *
 * {@snippet :
 * Abi abi = Abi.ofThisMachine();
 * byte[] bytes = abi.function(code -> code.inc(abi.argument()));
 * try (Arena arena = Arena.ofConfined()) {
 *     ExecutableMemory.load(arena, "example", bytes).call(argumentBlock);
 * }
 * }
 *
 * <p>
 * Where code cannot run, {@link dev.bgem3.asm.CodeUnavailableException} says why; encoding works everywhere. Arguments are never
 * null. Assemblers belong to one thread; everything else is safe for many.
 */
package dev.bgem3.asm;
