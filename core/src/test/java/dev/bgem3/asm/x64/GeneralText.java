package dev.bgem3.asm.x64;

/** Emits the general-purpose instructions that {@link AssemblyText} reads. */
final class GeneralText {
    private GeneralText() {}

    static void emit(Assembler code, String mnemonic, String text, Object... operands) {
        switch (operands.length) {
            case 0 -> emitBare(code, mnemonic);
            case 1 -> emitOne(code, mnemonic, operands[0]);
            case 2 -> emitTwo(code, mnemonic, text, operands[0], operands[1]);
            default -> code.imul((Gpr) operands[0], (Gpr) operands[1], ((Long) operands[2]).intValue());
        }
    }

    private static void emitBare(Assembler code, String mnemonic) {
        switch (mnemonic) {
            case "ret" -> code.ret();
            case "cpuid" -> code.cpuid();
            case "xgetbv" -> code.xgetbv();
            case "vzeroupper" -> code.vzeroupper();
            default -> throw new IllegalArgumentException(mnemonic);
        }
    }

    private static void emitOne(Assembler code, String mnemonic, Object operand) {
        switch (mnemonic) {
            case "dec" -> code.dec((Gpr) operand);
            case "push" -> code.push((Gpr) operand);
            case "pop" -> code.pop((Gpr) operand);
            case "prefetcht1" -> code.prefetcht1((Mem) operand);
            default -> throw new IllegalArgumentException(mnemonic);
        }
    }

    private static void emitTwo(Assembler code, String mnemonic, String text, Object first, Object second) {
        if (first instanceof Mem mem) {
            if (text.contains("dword")) {
                code.mov32(mem, (Gpr) second);
            } else {
                code.mov(mem, (Gpr) second);
            }
            return;
        }
        Gpr gpr = (Gpr) first;
        switch (second) {
            case Gpr source -> emitRegister(code, mnemonic, gpr, source);
            case Long value -> emitValue(code, mnemonic, gpr, value);
            case Mem mem -> emitMemory(code, mnemonic, text, gpr, mem);
            default -> throw new IllegalArgumentException(text);
        }
    }

    private static void emitRegister(Assembler code, String mnemonic, Gpr gpr, Gpr source) {
        switch (mnemonic) {
            case "mov" -> code.mov(gpr, source);
            case "add" -> code.add(gpr, source);
            case "sub" -> code.sub(gpr, source);
            case "test" -> code.test(gpr, source);
            default -> throw new IllegalArgumentException(mnemonic);
        }
    }

    private static void emitValue(Assembler code, String mnemonic, Gpr gpr, long value) {
        switch (mnemonic) {
            case "mov" -> code.mov(gpr, value);
            case "add" -> code.add(gpr, (int) value);
            case "sub" -> code.sub(gpr, (int) value);
            case "and" -> code.and(gpr, (int) value);
            case "cmp" -> code.cmp(gpr, (int) value);
            case "shl" -> code.shl(gpr, (int) value);
            case "shr" -> code.shr(gpr, (int) value);
            default -> throw new IllegalArgumentException(mnemonic);
        }
    }

    private static void emitMemory(Assembler code, String mnemonic, String text, Gpr gpr, Mem mem) {
        boolean dword = text.contains("dword");
        switch (mnemonic) {
            case "mov" -> {
                if (dword) {
                    code.mov32(gpr, mem);
                } else {
                    code.mov(gpr, mem);
                }
            }
            case "add" -> code.add(gpr, mem);
            case "lea" -> code.lea(gpr, mem);
            default -> throw new IllegalArgumentException(mnemonic);
        }
    }
}
