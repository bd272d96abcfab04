package dev.bgem3.asm.x64;

/** An operand of an instruction: a register, memory, or a masked destination. */
public sealed interface Operand permits Register, Mem, Masked {}
