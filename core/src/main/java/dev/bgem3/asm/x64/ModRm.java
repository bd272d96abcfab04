package dev.bgem3.asm.x64;

import dev.bgem3.asm.CodeBuffer;

/**
 * Writes the bytes that encode an instruction's operands: ModRM, SIB and displacement (Intel SDM volume 2A,
 * section 2.1).
 */
final class ModRm {
    private ModRm() {}

    /**
     * Writes a ModRM byte for two registers; the prefix holds their higher bits.
     *
     * <pre>
     * | mod = 11 | reg 3 bits | rm 3 bits |
     * </pre>
     */
    static void write(CodeBuffer code, int reg, int rm) {
        code.int8(0b11 << 6 | (reg & 7) << 3 | rm & 7);
    }

    /**
     * Writes a ModRM byte for a register and an address, and the SIB byte and displacement that the address
     * needs.
     *
     * <pre>
     * | mod | reg 3 bits | rm 3 bits |   | scale 2 bits | index 3 bits | base 3 bits |   | disp8 or disp32 |
     * </pre>
     *
     * @param unit
     *            the factor of an 8-bit displacement: 1, or EVEX's N
     * @param following
     *            the number of immediate bytes that follow
     */
    static void write(CodeBuffer code, int reg, Mem mem, int unit, int following) {
        if (mem.label() != null) {
            code.int8((reg & 7) << 3 | 0b101); // mod 00 with rm 101: relative to rip
            code.distance(mem.label(), mem.displacement(), following);
            return;
        }
        int base = mem.base().number() & 7;
        int displacement = mem.displacement();
        boolean compressed = displacement % unit == 0 && Ranges.isInt8(displacement / unit);
        // Base 101 with mod 00 would mean "no base", so rbp and r13 always have a displacement.
        int mod = displacement == 0 && base != 0b101 ? 0b00 : compressed ? 0b01 : 0b10;
        // rm 100 means "a SIB byte follows", so rsp and r12 always have one; index 100 means "none".
        boolean sib = mem.index() != null || base == 0b100;
        code.int8(mod << 6 | (reg & 7) << 3 | (sib ? 0b100 : base));
        if (sib) {
            int index = mem.index() == null ? 0b100 : mem.index().number() & 7;
            code.int8(Integer.numberOfTrailingZeros(mem.scale()) << 6 | index << 3 | base);
        }
        if (mod == 0b01) {
            code.int8(displacement / unit);
        } else if (mod == 0b10) {
            code.int32(displacement);
        }
    }
}
