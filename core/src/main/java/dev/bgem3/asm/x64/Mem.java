package dev.bgem3.asm.x64;

import dev.bgem3.asm.Label;

/**
 * A place in memory: {@code base + index * scale + displacement}, or a label of the same code.
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
 *            a place in the same code, read relative to rip; or null
 * @param broadcast
 *            whether one element is read and spread over all lanes (EVEX's <code>{1toN}</code>)
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

    /** The bytes that a register points to. */
    public static Mem at(Gpr base) {
        return at(base, 0);
    }

    /** The bytes at a fixed distance from a register. */
    public static Mem at(Gpr base, int displacement) {
        return new Mem(base, null, 1, displacement, null, false);
    }

    /** The bytes at {@code base + index * scale + displacement}. */
    public static Mem at(Gpr base, Gpr index, int scale, int displacement) {
        return new Mem(base, index, scale, displacement, null, false);
    }

    /** Data of the same code, such as {@link Assembler#constant}. */
    public static Mem at(Label label) {
        return new Mem(null, null, 1, 0, label, false);
    }

    /** The same address, further on. */
    public Mem plus(int bytes) {
        return new Mem(base, index, scale, Math.addExact(displacement, bytes), label, broadcast);
    }

    /** One element from this address, for every lane. */
    public Mem broadcasting() {
        return new Mem(base, index, scale, displacement, label, true);
    }

    /** This memory as a destination; bytes of lanes outside the mask are not touched. */
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
