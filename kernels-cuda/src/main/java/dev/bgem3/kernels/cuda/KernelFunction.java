package dev.bgem3.kernels.cuda;

import org.bytedeco.cuda.cudart.CUfunc_st;

/**
 * A compiled kernel with the launch shape for which it was written.
 *
 * @param handle
 *            the driver's handle, valid while the program is loaded
 * @param blockSize
 *            the number of threads per block
 * @param sharedBytes
 *            the dynamic shared memory per block
 */
record KernelFunction(CUfunc_st handle, int blockSize, int sharedBytes) {}
