package dev.bgem3.asm.x64;

/**
 * A mask register of AVX-512.
 *
 * @param number
 *            0 to 7; k0 cannot guard a destination
 */
public record Mask(int number) implements Register {
    /** Checks the number. */
    public Mask {
        Ranges.check("mask register", number, 0, 7);
    }

    @Override
    public String toString() {
        return "k" + number;
    }
}
