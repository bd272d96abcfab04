/**
 * The operations in machine code that the running program assembles: what all processor architectures share.
 * A package below this one holds the kernels of one architecture.
 *
 * <p>
 * Start at {@link dev.bgem3.kernel.jit.JitProvider}. It finds the {@link dev.bgem3.kernel.jit.Architecture}
 * of this machine, takes the best {@link dev.bgem3.kernel.jit.KernelSet} that the processor can run, and has
 * {@link dev.bgem3.kernel.jit.SelfTest} compare that set with the reference before it is used.
 *
 * <p>
 * An architecture's kernels extend {@link dev.bgem3.kernel.jit.AssembledKernels} and read weights as
 * {@link dev.bgem3.kernel.jit.PackedPanels} holds them. Code is assembled when an arithmetic is first asked
 * for, and {@link dev.bgem3.kernel.jit.SharedCode} shares it among all models.
 */
package dev.bgem3.kernel.jit;
