package dev.bgem3;

import dev.bgem3.engine.DeviceRequest;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * A kind of kernels, which are one implementation of the operations that a model is made of. Those of this
 * library have constants; others go by the name of their provider. {@link BgeM3#kernels()} lists all that are
 * installed; whether a kind is one of them is checked when a model is loaded. Immutable.
 *
 * {@snippet file="dev/bgem3/sample/LoadSamplesTest.java" region="backend"}
 */
public final class KernelKind {
    /**
     * What the system property {@code bgem3.kernels} names, if it is set; else the fastest that this machine
     * can run.
     */
    public static final KernelKind AUTO = new KernelKind(DeviceRequest.AUTO);
    /** The reference, in plain loops, on one thread. */
    public static final KernelKind SCALAR = new KernelKind("scalar");
    /** Java's Vector API, which needs the module {@code jdk.incubator.vector}. */
    public static final KernelKind VECTOR = new KernelKind("vector");
    /** Code assembled at run time for the processor, which needs native access. */
    public static final KernelKind JIT = new KernelKind("jit");
    /** NVIDIA GPUs, which need the artifact {@code bgem3-kernels-cuda}. */
    public static final KernelKind CUDA = new KernelKind("cuda");
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]*");

    private final String name;

    private KernelKind(String name) {
        this.name = name;
    }

    /**
     * The kind of a name.
     *
     * @throws IllegalArgumentException
     *             where no kernels can have that name: one is lower-case letters, digits and hyphens
     */
    public static KernelKind of(String name) {
        Objects.requireNonNull(name, "kernels");
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "kernels: " + name + " (expected: a name in lower case, such as vector)");
        }
        return new KernelKind(name);
    }

    /** Such as {@code vector}. */
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

    /** Its name. */
    @Override
    public String toString() {
        return name;
    }
}
