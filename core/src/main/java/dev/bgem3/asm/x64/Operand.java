package dev.bgem3.asm.x64;

/** What an instruction works on: a register, memory, or a destination under a mask. */
public sealed interface Operand permits Register, Mem, Masked {}
