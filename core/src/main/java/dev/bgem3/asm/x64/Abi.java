package dev.bgem3.asm.x64;

import dev.bgem3.asm.CodeUnavailableException;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * The calling conventions of x86-64, for functions that take one pointer.
 *
 * <p>
 * Sources: System V Application Binary Interface, AMD64 supplement, section 3.2.1; Microsoft, "x64 calling
 * convention", caller and callee saved registers. In both, mask registers and vector registers 16 to 31 are
 * volatile; so, on Windows, are the bits of vector registers 6 to 15 above the lowest 128.
 */
public enum Abi {
    /** Linux and macOS. */
    SYSTEM_V(Gpr.RDI, List.of(Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15), 16, 15),
    /** Windows. */
    WINDOWS(Gpr.RCX, List.of(Gpr.RBX, Gpr.RBP, Gpr.RDI, Gpr.RSI, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15), 6, 15);

    private final Gpr argument;
    private final List<Gpr> savedGprs;
    private final int firstSavedVector;
    private final int lastSavedVector;

    Abi(Gpr argument, List<Gpr> savedGprs, int firstSavedVector, int lastSavedVector) {
        this.argument = argument;
        this.savedGprs = savedGprs;
        this.firstSavedVector = firstSavedVector;
        this.lastSavedVector = lastSavedVector;
    }

    /**
     * Returns the convention of this machine's operating system.
     *
     * @throws CodeUnavailableException
     *             if the processor is not x86-64; the message names it
     */
    public static Abi ofThisMachine() {
        String processor = System.getProperty("os.arch");
        if (!processor.equals("amd64") && !processor.equals("x86_64")) {
            throw new CodeUnavailableException("processor: " + processor + " (expected: amd64 or x86_64)");
        }
        boolean windows = System.getProperty("os.name").startsWith("Windows");
        return windows ? WINDOWS : SYSTEM_V;
    }

    /** Returns the register that holds the function's argument when its body starts. */
    public Gpr argument() {
        return argument;
    }

    /**
     * Assembles a function around a body: saves the registers that the body uses and the convention protects,
     * and restores them before returning. The body must end by falling through, with rsp unchanged;
     * {@code ret} is only for subroutines inside the body.
     *
     * @param body
     *            emits the code; its position 0 is a multiple of {@value Assembler#MAX_ALIGNMENT} bytes
     */
    public byte[] function(Consumer<Assembler> body) {
        Assembler code = new Assembler();
        body.accept(code);
        // Known only after the body, so the prologue is assembled separately.
        List<Gpr> gprs = savedGprs.stream().filter(code.use()::uses).toList();
        int[] vectors = IntStream.rangeClosed(firstSavedVector, lastSavedVector)
                .filter(code.use()::usesVector).toArray();
        if (code.use().usesWideVectors()) {
            code.vzeroupper();
        }
        for (int slot = 0; slot < vectors.length; slot++) {
            code.emit(VectorOp.VMOVUPS, Vec.xmm(vectors[slot]), Mem.at(Gpr.RSP, 16 * slot));
        }
        if (vectors.length > 0) {
            code.add(Gpr.RSP, 16 * vectors.length);
        }
        gprs.reversed().forEach(code::pop);
        code.ret();
        byte[] before = save(gprs, vectors);
        byte[] after = code.toByteArray();
        byte[] function = Arrays.copyOf(before, before.length + after.length);
        System.arraycopy(after, 0, function, before.length, after.length);
        return function;
    }

    private static byte[] save(List<Gpr> gprs, int... vectors) {
        Assembler code = new Assembler();
        gprs.forEach(code::push);
        if (vectors.length > 0) {
            code.sub(Gpr.RSP, 16 * vectors.length);
        }
        for (int slot = 0; slot < vectors.length; slot++) {
            code.emit(VectorOp.VMOVUPS, Mem.at(Gpr.RSP, 16 * slot), Vec.xmm(vectors[slot]));
        }
        code.align(Assembler.MAX_ALIGNMENT);
        return code.toByteArray();
    }
}
