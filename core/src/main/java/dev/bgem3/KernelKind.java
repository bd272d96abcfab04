package dev.bgem3;

import dev.bgem3.engine.DeviceRequest;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * A kind of kernels: one implementation of the operations that a model consists of. This library's kinds have
 * constants; others have the name of their provider. {@link BgeM3#kernels()} lists all that are installed;
 * loading a model checks that its kind is one of them. Immutable.
 *
 * {@snippet file="dev/bgem3/sample/LoadSamplesTest.java" region="backend"}
 */
public final class KernelKind {
    /**
     * The kind that the system property {@code bgem3.kernels} names, if it is set; else the fastest that this
     * machine can run.
     */
    public static final KernelKind AUTO = new KernelKind(DeviceRequest.AUTO);
    /** The reference: plain loops in one thread. */
    public static final KernelKind SCALAR = new KernelKind("scalar");
    /** Kernels written with Java's Vector API, which need the module {@code jdk.incubator.vector}. */
    public static final KernelKind VECTOR = new KernelKind("vector");
    /** Machine code assembled at run time for this processor, which needs native access. */
    public static final KernelKind JIT = new KernelKind("jit");
    /** Kernels for NVIDIA GPUs, which need the artifact {@code bgem3-kernels-cuda}. */
    public static final KernelKind CUDA = new KernelKind("cuda");
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]*");

    private final String name;

    private KernelKind(String name) {
        this.name = name;
    }

    /**
     * Returns the kind with a name.
     *
     * @throws IllegalArgumentException
     *             if the name does not consist of lower-case letters, digits and hyphens, beginning with a
     *             letter
     */
    public static KernelKind of(String name) {
        Objects.requireNonNull(name, "kernels");
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "kernels: " + name + " (expected: a name in lower case, such as vector)");
        }
        return new KernelKind(name);
    }

    /** Returns the name, such as {@code vector}. */
    public String name() {
        return name;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof KernelKind that && name.equals(that.name);
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }

    /** Returns the name. */
    @Override
    public String toString() {
        return name;
    }
}
