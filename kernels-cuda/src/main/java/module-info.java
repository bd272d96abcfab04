/** The kernels for NVIDIA GPUs, which core finds if this module is present. */
@SuppressWarnings("module") // The product's name ends in a digit.
module dev.bgem3.kernels.cuda {
    requires dev.bgem3.core;
    requires org.bytedeco.cuda;
    requires org.bytedeco.javacpp;

    provides dev.bgem3.kernel.KernelProvider with dev.bgem3.kernels.cuda.CudaProvider;
}
