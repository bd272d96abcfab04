/**
 * The x86-64 part of the assembler: registers, an encoder of only the instructions that kernels use, calling
 * conventions, and the processor's features.
 *
 * <p>
 * Start at {@link dev.bgem3.asm.x64.Assembler}. {@link dev.bgem3.asm.x64.Abi#function} makes a function from
 * a body, {@link dev.bgem3.asm.ExecutableMemory#load} places it in memory, and
 * {@link dev.bgem3.asm.Code#call} runs it:
 *
 * {@snippet :
 * Abi abi = Abi.ofThisMachine();
 * byte[] bytes = abi.function(code -> code.dec(abi.argument()));
 * try (Arena arena = Arena.ofConfined()) {
 *     ExecutableMemory.load(arena, "example", bytes).call(argumentBlock);
 * }
 * }
 *
 * <p>
 * Encoding works on every machine; {@link dev.bgem3.asm.x64.Abi#ofThisMachine} throws on other processors.
 * Arguments are never null. Assemblers belong to one thread; everything else is thread-safe.
 */
package dev.bgem3.asm.x64;
