package dev.bgem3.asm.x64;

import static dev.bgem3.asm.x64.VectorOp.Forms.BOTH;
import static dev.bgem3.asm.x64.VectorOp.Forms.EVEX;
import static dev.bgem3.asm.x64.VectorOp.Forms.VEX;
import static dev.bgem3.asm.x64.VectorOp.Layout.COMPARE;
import static dev.bgem3.asm.x64.VectorOp.Layout.LOAD_STORE;
import static dev.bgem3.asm.x64.VectorOp.Layout.LOAD_STORE_GPR;
import static dev.bgem3.asm.x64.VectorOp.Layout.MASK_LOAD_STORE;
import static dev.bgem3.asm.x64.VectorOp.Layout.MR;
import static dev.bgem3.asm.x64.VectorOp.Layout.MRI;
import static dev.bgem3.asm.x64.VectorOp.Layout.MASKED_LOAD_STORE;
import static dev.bgem3.asm.x64.VectorOp.Layout.RM;
import static dev.bgem3.asm.x64.VectorOp.Layout.RMI;
import static dev.bgem3.asm.x64.VectorOp.Layout.RM_HALF;
import static dev.bgem3.asm.x64.VectorOp.Layout.RVM;
import static dev.bgem3.asm.x64.VectorOp.Layout.RVMI;
import static dev.bgem3.asm.x64.VectorOp.Layout.TO_MASK;
import static dev.bgem3.asm.x64.VectorOp.Layout.VMI;
import static dev.bgem3.asm.x64.VectorOp.Map.M0F;
import static dev.bgem3.asm.x64.VectorOp.Map.M0F38;
import static dev.bgem3.asm.x64.VectorOp.Map.M0F3A;
import static dev.bgem3.asm.x64.VectorOp.Prefix.NP;
import static dev.bgem3.asm.x64.VectorOp.Prefix.P66;
import static dev.bgem3.asm.x64.VectorOp.Prefix.PF2;
import static dev.bgem3.asm.x64.VectorOp.Prefix.PF3;
import static dev.bgem3.asm.x64.VectorOp.Tuple.FULL;
import static dev.bgem3.asm.x64.VectorOp.Tuple.FULL_MEM;
import static dev.bgem3.asm.x64.VectorOp.Tuple.HALF_MEM;
import static dev.bgem3.asm.x64.VectorOp.Tuple.NONE;
import static dev.bgem3.asm.x64.VectorOp.Tuple.QUARTER_MEM;
import static dev.bgem3.asm.x64.VectorOp.Tuple.TUPLE1;
import static dev.bgem3.asm.x64.VectorOp.Tuple.TUPLE4;
import static dev.bgem3.asm.x64.VectorOp.W.W0;
import static dev.bgem3.asm.x64.VectorOp.W.W1;

/**
 * The instructions with a VEX or EVEX prefix that kernels use; each line is the opcode line of the manual
 * (Intel SDM volume 2).
 *
 * <p>
 * An instruction with both forms takes VEX if its operands fit, as in other assemblers. If one mnemonic has
 * several opcodes, a suffix after an underscore distinguishes them: {@code _VEX} for AVX-VNNI and AVX forms
 * that differ from AVX-512's, {@code _KR} for moves into a mask register.
 */
public enum VectorOp {
    // @formatter:off: one per line
    // forms, prefix, map, W, opcode, tuple, layout [, opcode of the store, or extension in ModRM.reg]

    // Moves
    VMOVUPS(BOTH, NP, M0F, W0, 0x10, FULL_MEM, LOAD_STORE, 0x11),
    VMOVDQU16(EVEX, PF2, M0F, W1, 0x6F, FULL_MEM, LOAD_STORE, 0x7F),
    VMOVD(BOTH, P66, M0F, W0, 0x6E, TUPLE1, LOAD_STORE_GPR, 0x7E),
    VMASKMOVPS(VEX, P66, M0F38, W0, 0x2C, FULL_MEM, MASKED_LOAD_STORE, 0x2E),
    VBROADCASTSS(BOTH, P66, M0F38, W0, 0x18, TUPLE1, RM),

    // Arithmetic in fp32
    VADDPS(BOTH, NP, M0F, W0, 0x58, FULL, RVM),
    VSUBPS(BOTH, NP, M0F, W0, 0x5C, FULL, RVM),
    VMULPS(BOTH, NP, M0F, W0, 0x59, FULL, RVM),
    VDIVPS(BOTH, NP, M0F, W0, 0x5E, FULL, RVM),
    VMINPS(BOTH, NP, M0F, W0, 0x5D, FULL, RVM),
    VMAXPS(BOTH, NP, M0F, W0, 0x5F, FULL, RVM),
    VSQRTPS(BOTH, NP, M0F, W0, 0x51, FULL, RM),
    VFMADD231PS(BOTH, P66, M0F38, W0, 0xB8, FULL, RVM),
    VFMADD213PS(BOTH, P66, M0F38, W0, 0xA8, FULL, RVM),
    VSCALEFPS(EVEX, P66, M0F38, W0, 0x2C, FULL, RVM),
    VRNDSCALEPS(EVEX, P66, M0F3A, W0, 0x08, FULL, RMI),
    VXORPS(BOTH, NP, M0F, W0, 0x57, FULL, RVM),
    VANDPS(BOTH, NP, M0F, W0, 0x54, FULL, RVM),
    VORPS(BOTH, NP, M0F, W0, 0x56, FULL, RVM),
    VCMPPS(EVEX, NP, M0F, W0, 0xC2, FULL, COMPARE),
    VCMPPS_VEX(VEX, NP, M0F, W0, 0xC2, FULL, RVMI),

    // Products of 16 and 8 bits
    VCVTNEPS2BF16(EVEX, PF3, M0F38, W0, 0x72, FULL, RM_HALF),
    VDPBF16PS(EVEX, PF3, M0F38, W0, 0x52, FULL, RVM),
    VPDPBUSD(EVEX, P66, M0F38, W0, 0x50, FULL, RVM),
    VPDPBUSD_VEX(VEX, P66, M0F38, W0, 0x50, FULL, RVM),

    // Integers
    VPADDD(BOTH, P66, M0F, W0, 0xFE, FULL, RVM),
    VPSUBD(BOTH, P66, M0F, W0, 0xFA, FULL, RVM),
    VPMAXSD(BOTH, P66, M0F38, W0, 0x3D, FULL, RVM),
    VPSLLD(BOTH, P66, M0F, W0, 0x72, FULL, VMI, 6),
    VPSRLD(BOTH, P66, M0F, W0, 0x72, FULL, VMI, 2),
    VPANDD(EVEX, P66, M0F, W0, 0xDB, FULL, RVM),
    VPORD(EVEX, P66, M0F, W0, 0xEB, FULL, RVM),
    VPXORD(EVEX, P66, M0F, W0, 0xEF, FULL, RVM),

    // Conversions
    VCVTPS2DQ(BOTH, P66, M0F, W0, 0x5B, FULL, RM),
    VCVTDQ2PS(BOTH, NP, M0F, W0, 0x5B, FULL, RM),
    VPMOVUSDB(EVEX, PF3, M0F38, W0, 0x11, QUARTER_MEM, MR),
    VPMOVZXWD(BOTH, P66, M0F38, W0, 0x33, HALF_MEM, RM),
    VPACKSSDW(BOTH, P66, M0F, W0, 0x6B, FULL, RVM),
    VPACKUSWB(BOTH, P66, M0F, W0, 0x67, FULL_MEM, RVM),

    // Shuffles
    VEXTRACTF128(VEX, P66, M0F3A, W0, 0x19, TUPLE4, MRI),
    VSHUFF32X4(EVEX, P66, M0F3A, W0, 0x23, FULL, RVMI),
    VPERM2F128(VEX, P66, M0F3A, W0, 0x06, FULL, RVMI),
    VSHUFPS(BOTH, NP, M0F, W0, 0xC6, FULL, RVMI),

    // Mask registers
    KMOVW(VEX, NP, M0F, W0, 0x90, NONE, MASK_LOAD_STORE, 0x91),
    KMOVD_KR(VEX, PF2, M0F, W0, 0x92, NONE, TO_MASK);
    // @formatter:on

    /** The prefixes that the instruction can have. */
    enum Forms {
        VEX, EVEX, BOTH
    }

    /** The implied legacy prefix, by its number in the field pp. */
    enum Prefix {
        NP, P66, PF3, PF2
    }

    /** The opcode map, by its number in the field mmm, less one. */
    enum Map {
        M0F, M0F38, M0F3A;

        int number() {
            return ordinal() + 1;
        }
    }

    /** The field W. */
    enum W {
        W0, W1
    }

    /**
     * How much of a vector the operand in ModRM.rm holds; EVEX multiplies an 8-bit displacement by this size
     * (Intel SDM volume 2A, section 2.7.5).
     */
    enum Tuple {
        FULL, FULL_MEM, HALF_MEM, QUARTER_MEM, TUPLE1, TUPLE4, NONE;

        int memoryBytes(int vectorBytes) {
            return switch (this) {
                case FULL, FULL_MEM -> vectorBytes;
                case HALF_MEM -> vectorBytes / 2;
                case QUARTER_MEM -> vectorBytes / 4;
                case TUPLE1 -> 4;
                case TUPLE4 -> 16;
                case NONE -> 1;
            };
        }

        int registerBytes(int vectorBytes) {
            return Math.max(16, memoryBytes(vectorBytes));
        }
    }

    /**
     * The fields that encode the operands, in the order of Intel's syntax: {@code r} ModRM.reg, {@code v}
     * VEX.vvvv, {@code m} ModRM.rm as register or memory, {@code R} ModRM.rm as register, {@code M} ModRM.rm
     * as memory; then {@code i} an immediate byte.
     */
    enum Layout {
        // @formatter:off: one per line
        RM("rm", Vec.class),
        RM_HALF("rm", Vec.class),
        RVM("rvm", Vec.class),
        RMI("rmi", Vec.class),
        RVMI("rvmi", Vec.class),
        MR("mr", Vec.class),
        MRI("mri", Vec.class),
        VMI("vmi", Vec.class),
        LOAD_STORE("rm", "Mr", Vec.class, Vec.class),
        MASKED_LOAD_STORE("rvM", "Mvr", Vec.class, Vec.class),
        COMPARE("rvmi", null, Mask.class, Vec.class),
        LOAD_STORE_GPR("rm", "mr", Vec.class, Gpr.class),
        MASK_LOAD_STORE("rm", "Mr", Mask.class, Mask.class),
        TO_MASK("rR", null, Mask.class, Gpr.class);
        // @formatter:on

        /** The roles of the operands; {@link #immediate} stands for the immediate byte. */
        final String roles;
        /** Whether an immediate byte follows. */
        final boolean immediate;
        /**
         * The roles if the destination is in ModRM.rm, with the store's opcode; null if there is no such
         * form.
         */
        final String storeRoles;
        final Class<? extends Operand> regKind;
        /** The kind of register in both ModRM.rm and VEX.vvvv. */
        final Class<? extends Operand> rmKind;

        Layout(String roles, Class<? extends Operand> kind) {
            this(roles, null, kind, kind);
        }

        Layout(String roles, String storeRoles, Class<? extends Operand> regKind,
                Class<? extends Operand> rmKind) {
            this.roles = roles.replace("i", "");
            immediate = roles.endsWith("i");
            this.storeRoles = storeRoles;
            this.regKind = regKind;
            this.rmKind = rmKind;
        }
    }

    final Forms forms;
    final Prefix prefix;
    final Map map;
    final W w;
    final int opcode;
    final Tuple tuple;
    final Layout layout;
    /** The store's opcode, or the extension in ModRM.reg. */
    final int second;

    VectorOp(Forms forms, Prefix prefix, Map map, W w, int opcode, Tuple tuple, Layout layout) {
        this(forms, prefix, map, w, opcode, tuple, layout, 0);
    }

    VectorOp(Forms forms, Prefix prefix, Map map, W w, int opcode, Tuple tuple, Layout layout, int second) {
        this.forms = forms;
        this.prefix = prefix;
        this.map = map;
        this.w = w;
        this.opcode = opcode;
        this.tuple = tuple;
        this.layout = layout;
        this.second = second;
    }

    /** Returns the width of the narrowest vector that the instruction takes, in bytes. */
    int minWidthBytes() {
        return switch (this) {
            case VEXTRACTF128, VSHUFF32X4, VPERM2F128 -> 32;
            default -> 16;
        };
    }
}
