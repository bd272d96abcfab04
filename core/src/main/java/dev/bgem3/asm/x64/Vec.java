package dev.bgem3.asm.x64;

/**
 * A vector register.
 *
 * @param number
 *            0 to 31; VEX instructions can use 0 to 15
 * @param widthBytes
 *            16 (xmm), 32 (ymm) or 64 (zmm)
 */
public record Vec(int number, int widthBytes) implements Register {
    /** Checks both numbers. */
    public Vec {
        Ranges.check("vector register", number, 0, 31);
        if (widthBytes != 16 && widthBytes != 32 && widthBytes != 64) {
            throw new IllegalArgumentException(
                    "vector width in bytes: " + widthBytes + " (expected: 16, 32 or 64)");
        }
    }

    /** Returns a 128-bit register. */
    public static Vec xmm(int number) {
        return new Vec(number, 16);
    }

    /** Returns a 256-bit register. */
    public static Vec ymm(int number) {
        return new Vec(number, 32);
    }

    /** Returns a 512-bit register. */
    public static Vec zmm(int number) {
        return new Vec(number, 64);
    }

    /** Returns the same register at another width. */
    public Vec as(int otherWidthBytes) {
        return new Vec(number, otherWidthBytes);
    }

    /** Returns this register as a destination whose lanes outside the mask keep their value. */
    public Masked masked(Mask mask) {
        return new Masked(this, mask, false);
    }

    /** Returns this register as a destination whose lanes outside the mask become zero. */
    public Masked zeroed(Mask mask) {
        return new Masked(this, mask, true);
    }

    @Override
    public String toString() {
        return (widthBytes == 16 ? "xmm" : widthBytes == 32 ? "ymm" : "zmm") + number;
    }
}
