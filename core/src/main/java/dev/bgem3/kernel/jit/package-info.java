/**
 * The operations in machine code that the running program assembles: what all processor architectures share. A package below this one
 * holds the kernels of one architecture.
 *
 * <p>
 * Start at {@link dev.bgem3.kernel.jit.JitProvider}. It finds the {@link dev.bgem3.kernel.jit.Architecture} of this machine, takes
 * the best {@link dev.bgem3.kernel.jit.KernelSet} that the processor can run, and has {@link dev.bgem3.kernel.jit.SelfTest} compare
 * that set with the reference before it is used. Code is assembled when an arithmetic is first asked for
 * ({@link dev.bgem3.kernel.jit.SharedCode}).
 */
package dev.bgem3.kernel.jit;
