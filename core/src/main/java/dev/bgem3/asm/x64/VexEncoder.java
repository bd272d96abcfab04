package dev.bgem3.asm.x64;

import dev.bgem3.asm.CodeBuffer;
import dev.bgem3.asm.x64.VectorOp.Forms;
import dev.bgem3.asm.x64.VectorOp.Layout;
import dev.bgem3.asm.x64.VectorOp.Tuple;
import java.util.Arrays;

/**
 * Encodes instructions with VEX and EVEX prefixes (Intel SDM volume 2A, sections 2.3 and 2.7).
 *
 * <pre>
 * VEX, 2 bytes | C5 | ~R ~v3 ~v2 ~v1 ~v0 L p1 p0 |
 * VEX, 3 bytes | C4 | ~R ~X ~B m4 m3 m2 m1 m0 | W ~v3 ~v2 ~v1 ~v0 L p1 p0 |
 * EVEX         | 62 | ~R ~X ~B ~R' 0 m2 m1 m0 | W ~v3 ~v2 ~v1 ~v0 1 p1 p0 | z L' L b ~V' a2 a1 a0 |
 * </pre>
 *
 * <p>
 * R and R' extend ModRM.reg by bits 3 and 4, V' extends vvvv by bit 4. X and B are bit 3 of index and base;
 * if ModRM.rm is a register, they are its bits 4 and 3. Callers pass plain numbers: bits marked ~ are
 * inverted only in {@link #vex} and {@link #evex}.
 *
 * <p>
 * A program encodes tens of thousands of instructions at start-up, before Java has compiled this class, so
 * the code must be lean.
 */
final class VexEncoder {
    /** The operands of one instruction, by the field that encodes them. */
    private record Places(Operand reg, Operand vvvv, Operand rm, Masked masked) {
        int regNumber() {
            return reg == null ? 0 : ((Register) reg).number();
        }

        int vvvvNumber() {
            return vvvv == null ? 0 : ((Register) vvvv).number();
        }

        /** Bit 3 of the base or of the register in ModRM.rm. */
        int b() {
            if (rm instanceof Mem mem) {
                return mem.base() == null ? 0 : mem.base().number() >> 3;
            }
            return rm == null ? 0 : ((Register) rm).number() >> 3 & 1;
        }

        /** Bit 3 of the index or bit 4 of the register in ModRM.rm. */
        int x() {
            if (rm instanceof Mem mem) {
                return mem.index() == null ? 0 : mem.index().number() >> 3;
            }
            return rm == null ? 0 : ((Register) rm).number() >> 4;
        }

        boolean broadcasts() {
            return rm instanceof Mem mem && mem.broadcast();
        }
    }

    private final CodeBuffer code;

    VexEncoder(CodeBuffer code) {
        this.code = code;
    }

    /** Writes one instruction; {@code immediate} is ignored if the layout has none. */
    void emit(VectorOp op, int immediate, Operand... operands) {
        Layout layout = op.layout;
        boolean store = layout.storeRoles != null && (operands[0] instanceof Mem
                || operands[0] instanceof Masked masked && masked.destination() instanceof Mem
                || layout == Layout.LOAD_STORE_GPR && operands[0] instanceof Gpr);
        Places places = places(op, store ? layout.storeRoles : layout.roles, operands);
        int vectorBytes = vectorBytes(op, places);
        checkWidths(op, places, vectorBytes);
        int opcode = store ? op.second : op.opcode;
        int following = layout.immediate ? 1 : 0;
        int unit = 1;
        if (fitsVex(op, places, vectorBytes)) {
            vex(op, places, vectorBytes);
        } else {
            evex(op, places, vectorBytes);
            unit = places.broadcasts() ? Float.BYTES : op.tuple.memoryBytes(vectorBytes);
        }
        code.int8(opcode);
        int reg = layout == Layout.VMI ? op.second : places.regNumber();
        if (places.rm instanceof Mem mem) {
            ModRm.write(code, reg, mem, unit, following);
        } else {
            ModRm.write(code, reg, places.rm == null ? 0 : ((Register) places.rm).number());
        }
        if (layout.immediate) {
            if (immediate < -128 || immediate > 255) {
                throw refusal(op, "immediate byte " + immediate, "-128..255");
            }
            code.int8(immediate);
        }
    }

    private static Places places(VectorOp op, String roles, Operand... operands) {
        if (operands.length != roles.length()) {
            throw refusal(op, operands.length + " operands",
                    roles.length() + ": " + Arrays.toString(operands));
        }
        Operand reg = null;
        Operand vvvv = null;
        Operand rm = null;
        Masked masked = null;
        for (int i = 0; i < operands.length; i++) {
            Operand operand = operands[i];
            if (operand instanceof Masked found) {
                if (i != 0 || op.forms == Forms.VEX) {
                    throw refusal(op, "a mask on operand " + i,
                            "on the destination of an AVX-512 instruction");
                }
                masked = found;
                operand = found.destination();
            }
            char role = roles.charAt(i);
            Class<? extends Operand> kind = role == 'r' ? op.layout.regKind : op.layout.rmKind;
            boolean fits = operand instanceof Mem
                    ? role == 'm' || role == 'M'
                    : role != 'M' && kind.isInstance(operand);
            if (!fits) {
                throw refusal(op, "operand " + i + " " + operand,
                        role == 'M' ? "memory" : kind.getSimpleName() + (role == 'm' ? " or memory" : ""));
            }
            switch (role) {
                case 'r' -> reg = operand;
                case 'v' -> vvvv = operand;
                default -> rm = operand;
            }
        }
        return new Places(reg, vvvv, rm, masked);
    }

    private static int vectorBytes(VectorOp op, Places places) {
        if (op.layout == Layout.RM_HALF) {
            return places.rm instanceof Vec source
                    ? source.widthBytes()
                    : 2 * ((Vec) places.reg).widthBytes();
        }
        if (places.reg instanceof Vec vec) {
            return vec.widthBytes();
        }
        return places.vvvv instanceof Vec vec ? vec.widthBytes() : 16;
    }

    private static void checkWidths(VectorOp op, Places places, int vectorBytes) {
        if (vectorBytes < op.minWidthBytes()) {
            throw refusal(op, "a vector of " + vectorBytes + " bytes", "at least " + op.minWidthBytes());
        }
        if (places.vvvv instanceof Vec vec) {
            checkWidth(op, vec, vectorBytes);
        }
        if (places.rm instanceof Vec vec) {
            checkWidth(op, vec, op.tuple.registerBytes(vectorBytes));
        }
        if (op.layout == Layout.RM_HALF) {
            checkWidth(op, (Vec) places.reg, Math.max(16, vectorBytes / 2));
        }
        if (op.layout == Layout.LOAD_STORE_GPR) {
            checkWidth(op, (Vec) places.reg, 16);
        }
        if (places.broadcasts() && (op.tuple != Tuple.FULL || op.forms == Forms.VEX)) {
            throw refusal(op, "a broadcast from " + places.rm, "plain memory");
        }
    }

    private static void checkWidth(VectorOp op, Vec vec, int expectedBytes) {
        if (vec.widthBytes() != expectedBytes) {
            throw refusal(op, "register " + vec, "one of " + expectedBytes + " bytes");
        }
    }

    /**
     * Whether the VEX form can encode the operands: no register above 15, no mask, no broadcast, no zmm; only
     * AVX-512 shifts memory.
     */
    private static boolean fitsVex(VectorOp op, Places places, int vectorBytes) {
        boolean high = places.regNumber() > 15 || places.vvvvNumber() > 15
                || places.rm instanceof Register register && register.number() > 15;
        boolean fits = !high && places.masked == null && !places.broadcasts() && vectorBytes < 64
                && !(op.layout == Layout.VMI && places.rm instanceof Mem);
        if (op.forms == Forms.VEX && !fits) {
            throw refusal(op, String.valueOf(places),
                    "registers 0..15 of at most 32 bytes, no mask, no broadcast");
        }
        return op.forms != Forms.EVEX && fits;
    }

    private void vex(VectorOp op, Places places, int vectorBytes) {
        int r = places.regNumber() >> 3;
        int map = op.map.number();
        int w = op.w.ordinal();
        // ~v3 ~v2 ~v1 ~v0 L p1 p0; W is added below
        int last = places.vvvvNumber() << 3 | (vectorBytes == 32 ? 1 : 0) << 2 | op.prefix.ordinal();
        if (map == 1 && w == 0 && places.x() == 0 && places.b() == 0) {
            code.bytes(0xC5, (r << 7 | last) ^ 0b1_1111_000);
        } else {
            int middle = r << 7 | places.x() << 6 | places.b() << 5 | map;
            code.bytes(0xC4, middle ^ 0b111_00000, (w << 7 | last) ^ 0b0_1111_000);
        }
    }

    private void evex(VectorOp op, Places places, int vectorBytes) {
        int reg = places.regNumber();
        int vvvv = places.vvvvNumber();
        int first = (reg >> 3 & 1) << 7 | places.x() << 6 | places.b() << 5 | (reg >> 4) << 4
                | op.map.number();
        int second = op.w.ordinal() << 7 | (vvvv & 15) << 3 | 1 << 2 | op.prefix.ordinal();
        int mask = places.masked == null ? 0 : places.masked.mask().number();
        int zeroing = places.masked != null && places.masked.zeroing() ? 1 : 0;
        int length = Integer.numberOfTrailingZeros(vectorBytes / 16);
        int third = zeroing << 7 | length << 5 | (places.broadcasts() ? 1 : 0) << 4 | (vvvv >> 4) << 3 | mask;
        code.bytes(0x62, first ^ 0b1111_0000, second ^ 0b0_1111_000, third ^ 0b0000_1000);
    }

    private static IllegalArgumentException refusal(VectorOp op, String found, String expected) {
        return new IllegalArgumentException(op + ": " + found + " (expected: " + expected + ")");
    }
}
