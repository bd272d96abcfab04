/**
 * The operations in machine code assembled at run time: the part that all processor architectures share. Each
 * subpackage holds the kernels of one architecture.
 *
 * <p>
 * Start at {@link dev.bgem3.kernel.jit.JitProvider}. It finds the {@link dev.bgem3.kernel.jit.Architecture}
 * of this machine, takes the best {@link dev.bgem3.kernel.jit.KernelSet} that the processor can run, and
 * {@link dev.bgem3.kernel.jit.JitSelfTest} compares that set with the reference before it is used.
 *
 * <p>
 * The kernels of an architecture extend {@link dev.bgem3.kernel.jit.AssembledKernels} and read weights in the
 * layout of {@link dev.bgem3.kernel.jit.PackedPanels}. Code is assembled when an arithmetic is first used,
 * and {@link dev.bgem3.kernel.jit.SharedCode} shares it among all models.
 */
package dev.bgem3.kernel.jit;
