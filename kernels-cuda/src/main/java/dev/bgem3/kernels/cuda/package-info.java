/**
 * The operations of the forward pass on NVIDIA GPUs: matrix products by cuBLASLt, everything else by this
 * project's CUDA kernels, which NVRTC compiles for the GPU at run time.
 *
 * <p>
 * Start at {@link dev.bgem3.kernels.cuda.CudaProvider}. {@link dev.bgem3.kernels.cuda.CudaKernels} records
 * each operation as a {@link dev.bgem3.kernels.cuda.Step} in its
 * {@link dev.bgem3.kernels.cuda.CudaWorkspace}. The steps run when a result is read; small passes that repeat
 * run as one CUDA graph.
 *
 * <p>
 * Tensors and weights have the 16-bit type of the arithmetic, which the CUDA sources call {@code Element};
 * sums, norms, softmax and GELU are in fp32. Addresses in the device's memory are plain {@code long}s. The
 * shape letters are those of {@link dev.bgem3.kernel}. Nothing here accepts null.
 */
package dev.bgem3.kernels.cuda;
