package dev.bgem3.asm.x64;

import dev.bgem3.asm.CodeBuffer;

/**
 * Writes the forms of the general-purpose instructions: prefix, opcode, ModRM, immediate (Intel SDM volume
 * 2A, chapter 2).
 */
final class GeneralEncoder {
    private final CodeBuffer code;
    private final RegisterUse use;

    GeneralEncoder(CodeBuffer code, RegisterUse use) {
        this.code = code;
        this.use = use;
    }

    /**
     * The REX prefix, left out where it would say nothing.
     *
     * <pre>
     * | 0100 | W | R: bit 3 of reg | X: bit 3 of index | B: bit 3 of base or rm |
     * </pre>
     */
    private void rex(int w, int reg, int index, int base) {
        int bits = w << 3 | reg >> 3 << 2 | index >> 3 << 1 | base >> 3;
        if (bits != 0) {
            code.int8(0x40 | bits);
        }
    }

    /**
     * An instruction on a register in ModRM.rm; ModRM.reg is another register's number or extends the opcode.
     */
    void register(int w, int regOrExtension, Gpr rm, int... opcode) {
        use.add(rm);
        rex(w, regOrExtension, 0, rm.number());
        code.bytes(opcode);
        ModRm.write(code, regOrExtension, rm.number());
    }

    /** An instruction on memory in ModRM.rm, without immediate. */
    void memory(int w, int regOrExtension, Mem mem, int... opcode) {
        if (mem.broadcast()) {
            throw new IllegalArgumentException("address: " + mem + " (expected: no broadcast)");
        }
        use.add(mem);
        rex(w, regOrExtension, mem.index() == null ? 0 : mem.index().number(),
                mem.base() == null ? 0 : mem.base().number());
        code.bytes(opcode);
        ModRm.write(code, regOrExtension, mem, 1, 0);
    }

    /** An instruction whose opcode holds the register. */
    void oneByte(int w, Gpr register, int opcode) {
        use.add(register);
        rex(w, 0, 0, register.number());
        code.int8(opcode | register.number() & 7);
    }

    /** An instruction of the group add, or, adc, sbb, and, sub, xor, cmp (by extension) with a constant. */
    void immediate(int extension, Gpr destination, int value) {
        boolean small = Ranges.isInt8(value);
        if (!small && destination == Gpr.RAX) { // rax has a shorter opcode of its own
            use.add(destination);
            rex(1, 0, 0, 0);
            code.int8(extension << 3 | 0b101);
        } else {
            register(1, extension, destination, small ? 0x83 : 0x81);
        }
        value(value, small);
    }

    /** A constant of one byte or four. */
    void value(int value, boolean small) {
        if (small) {
            code.int8(value);
        } else {
            code.int32(value);
        }
    }

    /** A shift (by extension) by a constant; one bit has an opcode of its own. */
    void shift(int extension, Gpr destination, int bits) {
        Ranges.check("shift", bits, 1, 63);
        if (bits == 1) {
            register(1, extension, destination, 0xD1);
        } else {
            register(1, extension, destination, 0xC1);
            code.int8(bits);
        }
    }
}
