package dev.bgem3.asm.x64;

/** A register of any kind. */
public sealed interface Register extends Operand permits Gpr, Vec, Mask {
    /** Returns the register's number in encodings. */
    int number();
}
