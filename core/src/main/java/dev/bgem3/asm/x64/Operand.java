package dev.bgem3.asm.x64;

/** An operand of an instruction: a register, memory, or a destination under a mask. */
public sealed interface Operand permits Register, Mem, Masked {}
