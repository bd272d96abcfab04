package dev.bgem3.weights;

import java.util.Optional;

/** The element type of a tensor, named as in the safetensors format; all types are little-endian. */
public enum DType {
    /** One-byte boolean. */
    BOOL(8),
    /** 4-bit floating point of the OCP microscaling formats (E2M1). */
    F4(4),
    /** 6-bit floating point of the OCP microscaling formats. */
    F6_E2M3(6),
    /** 6-bit floating point of the OCP microscaling formats. */
    F6_E3M2(6),
    /** Unsigned byte. */
    U8(8),
    /** Signed byte. */
    I8(8),
    /** 8-bit floating point of OCP with the larger range. */
    F8_E5M2(8),
    /** 8-bit floating point of OCP with the higher precision. */
    F8_E4M3(8),
    /** 8-bit power of two, a scale of the OCP microscaling formats. */
    F8_E8M0(8),
    /** {@link #F8_E4M3} without negative zero and infinities. */
    F8_E4M3FNUZ(8),
    /** {@link #F8_E5M2} without negative zero and infinities. */
    F8_E5M2FNUZ(8),
    /** Signed 16-bit integer. */
    I16(16),
    /** Unsigned 16-bit integer. */
    U16(16),
    /** IEEE 754 binary16. */
    F16(16),
    /** The upper half of a binary32. */
    BF16(16),
    /** Signed 32-bit integer. */
    I32(32),
    /** Unsigned 32-bit integer. */
    U32(32),
    /** IEEE 754 binary32. */
    F32(32),
    /** Complex number of two binary32. */
    C64(64),
    /** IEEE 754 binary64. */
    F64(64),
    /** Signed 64-bit integer. */
    I64(64),
    /** Unsigned 64-bit integer. */
    U64(64);

    private final int sizeBits;

    DType(int sizeBits) {
        this.sizeBits = sizeBits;
    }

    /** Returns the type with this name in a safetensors header, if there is one. */
    public static Optional<DType> named(String name) {
        for (DType type : values()) {
            if (type.name().equals(name)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    /** Returns the size of an element in bits; 4 or 6 for packed types. */
    public int sizeBits() {
        return sizeBits;
    }

    /**
     * Returns the size of {@code elementCount} elements in bytes.
     *
     * @throws ArithmeticException
     *             if it overflows a long, or packed elements do not fill their last byte
     */
    public long sizeBytes(long elementCount) {
        if (sizeBits % 8 == 0) {
            return Math.multiplyExact(elementCount, (long) (sizeBits / 8));
        }
        long bits = Math.multiplyExact(elementCount, (long) sizeBits);
        if (bits % 8 != 0) {
            throw new ArithmeticException(bits + " bits are not a whole number of bytes");
        }
        return bits / 8;
    }

    /** Returns whether {@link StoredTensor} converts the type to fp32: F64, F32, F16 and BF16. */
    public boolean readableAsFloat() {
        return this == F64 || this == F32 || this == F16 || this == BF16;
    }
}
