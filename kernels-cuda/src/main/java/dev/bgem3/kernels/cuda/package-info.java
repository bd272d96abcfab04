/**
 * The operations of the forward pass on NVIDIA GPUs: products by cuBLASLt, everything else by CUDA kernels of
 * this project, compiled for the card found by NVRTC.
 *
 * <p>
 * Start at {@link dev.bgem3.kernels.cuda.CudaProvider}. {@link dev.bgem3.kernels.cuda.CudaKernels} writes
 * each operation down as a {@link dev.bgem3.kernels.cuda.Step} of its {@link
 * dev.bgem3.kernels.cuda.CudaWorkspace}; they run when a result is read, small passes that repeat as one CUDA
 * graph.
 *
 * <p>
 * Tensors and weights are in the arithmetic's 16-bit type, here and in the CUDA sources called {@code
 * Element}; sums, norms, softmax and GELU are in fp32. Addresses in the device's memory are plain {@code
 * long}s. Shape letters as in {@link dev.bgem3.kernel}. Nothing here accepts null.
 */
package dev.bgem3.kernels.cuda;
