package dev.bgem3.kernels.cuda;

import org.bytedeco.javacpp.Pointer;

/** A raw address as the pointer type of the bindings; it does not own the memory. */
final class Address extends Pointer {
    Address(long value) {
        address = value;
    }
}
