package dev.bgem3.asm.x64;

import dev.bgem3.asm.Label;

/**
 * A memory operand: {@code base + index * scale + displacement}, or a label of the same code.
 *
 * @param base
 *            the base register; null exactly when a label is given
 * @param index
 *            the scaled register, or null; never rsp
 * @param scale
 *            1, 2, 4 or 8
 * @param displacement
 *            bytes added
 * @param label
 *            a position in the same code, addressed relative to rip; or null
 * @param broadcast
 *            whether one element is read and broadcast to all lanes (EVEX's <code>{1toN}</code>)
 */
public record Mem(Gpr base, Gpr index, int scale, int displacement, Label label, boolean broadcast)
        implements
            Operand {
    /** Checks that the address can be encoded. */
    public Mem {
        if (scale != 1 && scale != 2 && scale != 4 && scale != 8) {
            throw new IllegalArgumentException("scale: " + scale + " (expected: 1, 2, 4 or 8)");
        }
        if (index == Gpr.RSP) {
            throw new IllegalArgumentException("index: rsp (expected: any other register)");
        }
        if ((base == null) == (label == null) || label != null && index != null) {
            throw new IllegalArgumentException(
                    "address: base " + base + ", index " + index + ", label " + label
                            + " (expected: a base and perhaps an index, or a label alone)");
        }
    }

    /** Returns the memory that a register points to. */
    public static Mem at(Gpr base) {
        return at(base, 0);
    }

    /** Returns the memory at a fixed distance from a register. */
    public static Mem at(Gpr base, int displacement) {
        return new Mem(base, null, 1, displacement, null, false);
    }

    /** Returns the memory at {@code base + index * scale + displacement}. */
    public static Mem at(Gpr base, Gpr index, int scale, int displacement) {
        return new Mem(base, index, scale, displacement, null, false);
    }

    /** Returns data in the same code, such as {@link Assembler#constant}. */
    public static Mem at(Label label) {
        return new Mem(null, null, 1, 0, label, false);
    }

    /** Returns this operand moved on by a number of bytes. */
    public Mem plus(int bytes) {
        return new Mem(base, index, scale, Math.addExact(displacement, bytes), label, broadcast);
    }

    /** Returns this operand with its first element broadcast to every lane. */
    public Mem broadcasting() {
        return new Mem(base, index, scale, displacement, label, true);
    }

    /** Returns this memory as a masked destination; lanes outside the mask are not written. */
    public Masked masked(Mask mask) {
        return new Masked(this, mask, false);
    }

    @Override
    public String toString() {
        String place = label != null
                ? "rip+" + label
                : base + (index == null ? "" : "+" + index + "*" + scale);
        return "[" + place + (displacement == 0 ? "" : (displacement > 0 ? "+" : "") + displacement) + "]"
                + (broadcast ? "{1toN}" : "");
    }
}
