package dev.bgem3.asm;

/** What an instruction works on: a register, memory, or a destination under a mask. */
public sealed interface Operand permits Register, Mem, Masked {}
