package dev.bgem3.asm.x64;

import dev.bgem3.asm.CodeBuffer;
import dev.bgem3.asm.Label;
import java.util.ArrayList;
import java.util.List;

/**
 * Assembles x86-64 code: only the instructions that kernels use, with the destination first, as in Intel's
 * syntax.
 *
 * {@snippet :
 * Assembler code = new Assembler();
 * Label loop = code.label("loop");
 * code.emit(VMOVUPS, b, Mem.at(panel));
 * code.emit(VFMADD231PS, sum, b, Mem.at(row).broadcasting());
 * code.add(panel, 64);
 * code.dec(count);
 * code.jump(Condition.NOT_EQUAL, loop);
 * }
 *
 * <p>
 * General-purpose instructions are methods and work on 64 bits unless their name says otherwise; vector and
 * mask instructions are constants of {@link VectorOp}, written by {@link #emit(VectorOp, Operand...)}.
 * Operands that cannot be encoded throw an {@link IllegalArgumentException} with the value and the
 * expectation. Not thread-safe.
 */
public final class Assembler {
    /** The size of a cache line; constants are aligned to it, so that none straddles two lines. */
    static final int MAX_ALIGNMENT = 64;

    /** The recommended no-operation of each length, 1 to 9 bytes (Intel SDM volume 2B, NOP, table 4-12). */
    private static final int[][] NOPS = {{}, {0x90}, {0x66, 0x90}, {0x0F, 0x1F, 0x00},
            {0x0F, 0x1F, 0x40, 0x00}, {0x0F, 0x1F, 0x44, 0x00, 0x00}, {0x66, 0x0F, 0x1F, 0x44, 0x00, 0x00},
            {0x0F, 0x1F, 0x80, 0x00, 0x00, 0x00, 0x00}, {0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
            {0x66, 0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00}};

    private record Constant(Label label, int[] words) {}

    private final CodeBuffer code = new CodeBuffer();
    private final VexEncoder vectors = new VexEncoder(code);
    private final List<Constant> constants = new ArrayList<>();
    private final RegisterUse use = new RegisterUse();
    private final GeneralEncoder general = new GeneralEncoder(code, use);

    // Labels and data

    /** Returns a label bound here, such as the top of a loop. */
    public Label label(String name) {
        Label label = new Label(name);
        bind(label);
        return label;
    }

    /** Binds a label to the next instruction. */
    public void bind(Label label) {
        code.bind(label);
    }

    /** Pads with no-operations to a multiple of {@code boundary}, a power of two up to 64. */
    public void align(int boundary) {
        Ranges.check("alignment", boundary, 1, MAX_ALIGNMENT);
        if (Integer.bitCount(boundary) != 1) {
            throw new IllegalArgumentException("alignment: " + boundary + " (expected: a power of two)");
        }
        fill(boundary);
    }

    private void fill(int boundary) {
        int gap = -code.position() & (boundary - 1);
        while (gap > 0) {
            int length = Math.min(gap, NOPS.length - 1);
            code.bytes(NOPS[length]);
            gap -= length;
        }
    }

    /** Places numbers after the code, aligned to 64 bytes, and returns their label. */
    public Label constant(float... values) {
        int[] words = new int[values.length];
        for (int i = 0; i < values.length; i++) {
            words[i] = Float.floatToRawIntBits(values[i]);
        }
        return constant(words);
    }

    /** Places numbers after the code, aligned to 64 bytes, and returns their label. */
    public Label constant(int... words) {
        Label label = new Label("constant " + constants.size());
        constants.add(new Constant(label, words.clone()));
        return label;
    }

    /**
     * Returns the finished code, followed by its constants; every label that is used must be bound. The
     * assembler must not be used afterwards.
     */
    public byte[] toByteArray() {
        for (Constant constant : constants) {
            fill(MAX_ALIGNMENT);
            bind(constant.label);
            for (int word : constant.words) {
                code.int32(word);
            }
        }
        constants.clear();
        return code.toByteArray();
    }

    /** Returns the number of bytes of code so far. */
    public int position() {
        return code.position();
    }

    // Vector and mask instructions

    /** Emits a vector or mask instruction. */
    public void emit(VectorOp op, Operand... operands) {
        if (op.layout.immediate) {
            throw new IllegalArgumentException(op + ": no immediate byte (expected: one after the operands)");
        }
        vector(op, 0, operands);
    }

    /** Emits a vector instruction with two operands and an immediate byte. */
    public void emit(VectorOp op, Operand destination, Operand source, int immediate) {
        vector(op, immediate, destination, source);
    }

    /** Emits a vector instruction with three operands and an immediate byte. */
    public void emit(VectorOp op, Operand destination, Operand first, Operand second, int immediate) {
        vector(op, immediate, destination, first, second);
    }

    private void vector(VectorOp op, int immediate, Operand... operands) {
        vectors.emit(op, immediate, operands);
        for (Operand operand : operands) {
            use.add(operand);
        }
    }

    /** Clears the upper halves of all vector registers, so that later SSE code runs at full speed. */
    public void vzeroupper() {
        code.bytes(0xC5, 0xF8, 0x77);
    }

    // Moves

    /** {@code destination = value}, in 7 bytes if the value fits in 32 signed bits, else in 10. */
    public void mov(Gpr destination, long value) {
        if (Ranges.isInt32(value)) {
            general.register(1, 0, destination, 0xC7);
            code.int32((int) value);
        } else {
            general.oneByte(1, destination, 0xB8);
            code.int64(value);
        }
    }

    /** {@code destination = source}. */
    public void mov(Gpr destination, Gpr source) {
        register(1, source, destination, 0x89);
    }

    /** Loads 64 bits. */
    public void mov(Gpr destination, Mem source) {
        memory(1, destination, source, 0x8B);
    }

    /** Stores 64 bits. */
    public void mov(Mem destination, Gpr source) {
        memory(1, source, destination, 0x89);
    }

    /** Loads 32 bits; the upper 32 become zero. */
    public void mov32(Gpr destination, Mem source) {
        memory(0, destination, source, 0x8B);
    }

    /** Stores the lower 32 bits. */
    public void mov32(Mem destination, Gpr source) {
        memory(0, source, destination, 0x89);
    }

    /** {@code destination} = the address of the operand. */
    public void lea(Gpr destination, Mem address) {
        memory(1, destination, address, 0x8D);
    }

    /** Pushes 64 bits. */
    public void push(Gpr source) {
        general.oneByte(0, source, 0x50);
    }

    /** Pops 64 bits. */
    public void pop(Gpr destination) {
        general.oneByte(0, destination, 0x58);
    }

    // Arithmetic

    /** {@code destination += source}. */
    public void add(Gpr destination, Gpr source) {
        register(1, source, destination, 0x01);
    }

    /** {@code destination += value}. */
    public void add(Gpr destination, int value) {
        general.immediate(0, destination, value);
    }

    /** {@code destination += [source]}. */
    public void add(Gpr destination, Mem source) {
        memory(1, destination, source, 0x03);
    }

    /** {@code destination -= source}. */
    public void sub(Gpr destination, Gpr source) {
        register(1, source, destination, 0x29);
    }

    /** {@code destination -= value}. */
    public void sub(Gpr destination, int value) {
        general.immediate(5, destination, value);
    }

    /** {@code destination &= value}. */
    public void and(Gpr destination, int value) {
        general.immediate(4, destination, value);
    }

    /** Sets the flags by {@code left - right}. */
    public void cmp(Gpr left, int right) {
        general.immediate(7, left, right);
    }

    /** Sets the flags by {@code left & right}. */
    public void test(Gpr left, Gpr right) {
        register(1, right, left, 0x85);
    }

    /** {@code destination--}. */
    public void dec(Gpr destination) {
        general.register(1, 1, destination, 0xFF);
    }

    /** {@code destination = source * factor}. */
    public void imul(Gpr destination, Gpr source, int factor) {
        boolean small = Ranges.isInt8(factor);
        register(1, destination, source, small ? 0x6B : 0x69);
        general.value(factor, small);
    }

    /** {@code destination <<= bits}. */
    public void shl(Gpr destination, int bits) {
        general.shift(4, destination, bits);
    }

    /** {@code destination >>>= bits}. */
    public void shr(Gpr destination, int bits) {
        general.shift(5, destination, bits);
    }

    // Control

    /** Jumps to a label at most 2 GiB away. */
    public void jump(Label target) {
        code.int8(0xE9);
        code.distance(target, 0, 0);
    }

    /** Jumps to a label if the flags meet the condition. */
    public void jump(Condition condition, Label target) {
        code.bytes(0x0F, 0x80 | condition.number());
        code.distance(target, 0, 0);
    }

    /** Calls a subroutine at a label at most 2 GiB away; it returns with {@link #ret}. */
    public void call(Label target) {
        code.int8(0xE8);
        code.distance(target, 0, 0);
    }

    /** Returns to the caller. */
    public void ret() {
        code.int8(0xC3);
    }

    /** Queries the processor: leaf eax, sub-leaf ecx; the result is in eax, ebx, ecx and edx. */
    public void cpuid() {
        use.add(Gpr.RAX);
        use.add(Gpr.RBX);
        use.add(Gpr.RCX);
        use.add(Gpr.RDX);
        code.bytes(0x0F, 0xA2);
    }

    /** Reads the extended control register ecx into edx and eax. */
    public void xgetbv() {
        use.add(Gpr.RAX);
        use.add(Gpr.RDX);
        code.bytes(0x0F, 0x01, 0xD0);
    }

    /** Prefetches a cache line into level 2 and the levels below. */
    public void prefetcht1(Mem line) {
        general.memory(0, 2, line, 0x0F, 0x18);
    }

    /** Returns the registers used by the code so far. */
    RegisterUse use() {
        return use;
    }

    private void register(int w, Gpr reg, Gpr rm, int... opcode) {
        use.add(reg);
        general.register(w, reg.number(), rm, opcode);
    }

    private void memory(int w, Gpr reg, Mem mem, int... opcode) {
        use.add(reg);
        general.memory(w, reg.number(), mem, opcode);
    }
}
