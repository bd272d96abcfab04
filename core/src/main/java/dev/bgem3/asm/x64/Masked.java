package dev.bgem3.asm.x64;

/**
 * A destination with a mask.
 *
 * @param destination
 *            a vector register, a mask register (in comparisons) or memory
 * @param mask
 *            k1 to k7: the lanes that are written
 * @param zeroing
 *            whether the other lanes become zero instead of keeping their value; vector registers only
 */
public record Masked(Operand destination, Mask mask, boolean zeroing) implements Operand {
    /** Checks that the destination can have this mask. */
    public Masked {
        Ranges.check("mask of a destination", mask.number(), 1, 7);
        if (!(destination instanceof Vec || destination instanceof Mask || destination instanceof Mem)) {
            throw new IllegalArgumentException("masked destination: " + destination
                    + " (expected: a vector or mask register, or memory)");
        }
        if (zeroing && !(destination instanceof Vec)) {
            throw new IllegalArgumentException(
                    "zeroed destination: " + destination + " (expected: a vector register)");
        }
    }

    @Override
    public String toString() {
        return destination + "{" + mask + "}" + (zeroing ? "{z}" : "");
    }
}
