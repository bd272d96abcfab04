/** BGE-M3 in pure Java: loads a model folder; computes dense vectors, lexical weights and ColBERT vectors. */
// The product's name ends in a digit, and the module of the CUDA kernels is compiled after this one.
@SuppressWarnings("module")
module dev.bgem3.core {
    // Static: without --add-modules jdk.incubator.vector the library still runs, on the scalar kernels.
    requires static jdk.incubator.vector;
    requires transitive dev.bgem3.tokenizer;

    exports dev.bgem3;
    exports dev.bgem3.convert;
    exports dev.bgem3.error;
    // The kernels for NVIDIA GPUs implement it in their own module, which has native dependencies.
    exports dev.bgem3.kernel to dev.bgem3.kernels.cuda;
    // The kernels log as the others do: a handler of the application's that throws must not end a pass on a
    // GPU. The command line writes results as models are written; its jar has this name, and no descriptor.
    exports dev.bgem3.io to dev.bgem3.kernels.cuda, dev.bgem3.app;

    uses dev.bgem3.kernel.KernelProvider;
    // A service, so that kernel.jit does not depend on its subpackages, one for each architecture.
    uses dev.bgem3.kernel.jit.Architecture;

    provides dev.bgem3.kernel.KernelProvider
            with dev.bgem3.kernel.scalar.ScalarProvider, dev.bgem3.kernel.vector.VectorProvider,
            dev.bgem3.kernel.jit.JitProvider;
    provides dev.bgem3.kernel.jit.Architecture
            with dev.bgem3.kernel.jit.x64.X64;
}
