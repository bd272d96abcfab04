package dev.bgem3.asm.x64;

/** A jump condition; its ordinal is its number in encodings (Intel SDM volume 2, appendix B, table B-8). */
public enum Condition {
    // @formatter:off: pairs of opposites
    OVERFLOW, NO_OVERFLOW, BELOW, ABOVE_EQUAL, EQUAL, NOT_EQUAL, BELOW_EQUAL, ABOVE,
    SIGN, NO_SIGN, PARITY, NO_PARITY, LESS, GREATER_EQUAL, LESS_EQUAL, GREATER;
    // @formatter:on

    int number() {
        return ordinal();
    }
}
