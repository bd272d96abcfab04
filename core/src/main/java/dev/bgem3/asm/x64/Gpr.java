package dev.bgem3.asm.x64;

import java.util.Locale;

/** A general-purpose register; its ordinal is its number in encodings. */
public enum Gpr implements Register {
    RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15;

    @Override
    public int number() {
        return ordinal();
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
