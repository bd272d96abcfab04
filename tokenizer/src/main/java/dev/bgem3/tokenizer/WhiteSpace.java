package dev.bgem3.tokenizer;

/** Unicode's White_Space property, all of which is in the basic plane. */
final class WhiteSpace {
    private WhiteSpace() {}

    static boolean is(char unit) {
        if (unit <= ' ') {
            return unit == ' ' || unit >= '\t' && unit <= '\r';
        }
        if (unit < 0x1680) {
            return unit == 0x85 || unit == 0xA0;
        }
        return unit == 0x1680 || unit >= 0x2000 && unit <= 0x200A || unit == 0x2028 || unit == 0x2029
                || unit == 0x202F
                || unit == 0x205F || unit == 0x3000;
    }
}
