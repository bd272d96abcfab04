package dev.bgem3.asm.x64;

import dev.bgem3.asm.CodeBuffer;

/**
 * Encodes the general-purpose instructions: prefix, opcode, ModRM, immediate (Intel SDM volume 2A, chapter
 * 2).
 */
final class GeneralEncoder {
    private final CodeBuffer code;
    private final RegisterUse use;

    GeneralEncoder(CodeBuffer code, RegisterUse use) {
        this.code = code;
        this.use = use;
    }

    /**
     * Writes the REX prefix, or nothing if all its bits are zero.
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
     * Writes an instruction with a register in ModRM.rm; ModRM.reg is another register or extends the opcode.
     */
    void register(int w, int regOrExtension, Gpr rm, int... opcode) {
        use.add(rm);
        rex(w, regOrExtension, 0, rm.number());
        code.bytes(opcode);
        ModRm.write(code, regOrExtension, rm.number());
    }

    /** Writes an instruction with memory in ModRM.rm and no immediate. */
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

    /** Writes an instruction whose opcode holds the register. */
    void oneByte(int w, Gpr register, int opcode) {
        use.add(register);
        rex(w, 0, 0, register.number());
        code.int8(opcode | register.number() & 7);
    }

    /** Writes an add, or, adc, sbb, and, sub, xor or cmp (by extension) with a constant. */
    void immediate(int extension, Gpr destination, int value) {
        boolean small = Ranges.isInt8(value);
        if (!small && destination == Gpr.RAX) { // rax has its own, shorter opcode
            use.add(destination);
            rex(1, 0, 0, 0);
            code.int8(extension << 3 | 0b101);
        } else {
            register(1, extension, destination, small ? 0x83 : 0x81);
        }
        value(value, small);
    }

    /** Writes a constant of one or four bytes. */
    void value(int value, boolean small) {
        if (small) {
            code.int8(value);
        } else {
            code.int32(value);
        }
    }

    /** Writes a shift (by extension) by a constant; shifts by one bit have their own opcode. */
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
