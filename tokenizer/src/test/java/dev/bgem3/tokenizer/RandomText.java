package dev.bgem3.tokenizer;

import java.util.List;
import java.util.Random;

/** Generates random texts, both realistic and malformed. */
final class RandomText {
    /** First and last code points of ranges; a text draws a range and then characters from it. */
    private static final int[][] SCRIPTS = {{'a', 'z'}, {'A', 'Z'}, {' ', '~'}, {0xA0, 0xFF}, {0x100, 0x24F},
            {0x370, 0x3FF}, {0x400, 0x4FF}, {0x590, 0x5FF}, {0x600, 0x6FF}, {0x700, 0x74F}, {0x780, 0x7BF},
            {0x900, 0x97F}, {0x980, 0x9FF}, {0xA00, 0xA7F}, {0xB80, 0xBFF}, {0xD00, 0xD7F}, {0xD80, 0xDFF},
            {0xE00, 0xE7F}, {0xE80, 0xEFF}, {0xF00, 0xFFF}, {0x1000, 0x109F}, {0x10A0, 0x10FF},
            {0x1100, 0x11FF},
            {0x1200, 0x137F}, {0x1780, 0x17FF}, {0x1800, 0x18AF}, {0x1B00, 0x1B7F}, {0x1E00, 0x1EFF},
            {0x1F00, 0x1FFF}, {0x2000, 0x206F}, {0x2070, 0x209F}, {0x20A0, 0x20CF}, {0x2100, 0x214F},
            {0x2150, 0x218F}, {0x2190, 0x21FF}, {0x2460, 0x24FF}, {0x2500, 0x25FF}, {0x2600, 0x27BF},
            {0x3000, 0x303F}, {0x3040, 0x309F}, {0x30A0, 0x30FF}, {0x3130, 0x318F}, {0x3200, 0x33FF},
            {0x4E00, 0x9FFF}, {0xA960, 0xA97F}, {0xAC00, 0xD7A3}, {0xD7B0, 0xD7FF}, {0xE000, 0xE0FF},
            {0xF900, 0xFAFF}, {0xFB00, 0xFB4F}, {0xFB50, 0xFDFF}, {0xFE00, 0xFE6F}, {0xFE70, 0xFEFF},
            {0xFF00, 0xFFEF}, {0xFFF0, 0xFFFF}, {0x10000, 0x100FF}, {0x10F00, 0x110FF}, {0x1D100, 0x1D1FF},
            {0x1D400, 0x1D7FF}, {0x1F000, 0x1FAFF}, {0x20000, 0x2A6DF}, {0x2F800, 0x2FA1F},
            {0xE0000, 0xE01EF},
            {0x10FFF0, 0x10FFFF}, {0x0, 0x1F}, {0x7F, 0x9F}};
    private static final int[][] JOINERS = {{0x300, 0x36F}, {0x300, 0x304}, {0x483, 0x489}, {0x591, 0x5C7},
            {0x64B, 0x65F}, {0x93A, 0x94F}, {0x94D, 0x94D}, {0x1AB0, 0x1ACE}, {0x200C, 0x200D},
            {0x20D0, 0x20F0},
            {0x302A, 0x302F}, {0x3099, 0x309A}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFF9E, 0xFF9F},
            {0x1F3FB, 0x1F3FF}, {0x1F1E6, 0x1F1FF}, {0xE0100, 0xE01EF}};
    private static final String WHITE_SPACE = " \t\n\u000B\f\r\u0085\u00A0\u1680"
            + "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A"
            + "\u2028\u2029\u202F\u205F\u3000\u200B\uFEFF\u2581";
    private static final List<String> SPECIAL = List.of("<s>", "</s>", "<pad>", "<unk>", "<mask>", " <mask>",
            "<mask> ",
            "\u3000\n<mask>", "<<mask>>", "<mas", "mask>", "＜mask＞", "＜s＞", "<s", "<MASK>", "< mask>",
            "<mask\u0301>",
            "</s></s>", "<ma<mask>sk>");
    private static final List<String> FRAGMENTS = List.of("the", "The quick brown", "don't", "e\u0301",
            "A\u030A", "ﬁ", "ﷺ",
            "①", "½", "㎏", "…", "™", "👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇩🇪", "क्षत्रिय", "हिन्दी", "한국어",
            "각", "日本語テキスト", "你好世界", "ไทย",
            "שָׁלוֹם", "السلام", "https://example.org/a?b=c", "3.1415", "1,000,000", "\r\n", "▁", "▁▁a", "ｶﾞ",
            "İ", "ǆ", "ﬀ",
            "embedding", "retrieval", "2026-11-23", "C++", "--help", "a", "ª\u0300", "²\u0301", "ﾞ", "\u1FBD",
            "\u00A8\u0301");

    private final Random random;

    RandomText(Random random) {
        this.random = random;
    }

    /** Returns a text of up to about 120 characters without lone surrogates. */
    String next() {
        StringBuilder text = new StringBuilder();
        int parts = random.nextInt(1, 16);
        int[] script = any(SCRIPTS);
        for (int i = 0; i < parts; i++) {
            switch (random.nextInt(12)) {
                case 0 -> script = any(SCRIPTS);
                case 1 -> text.append(any(SPECIAL));
                case 2, 3 -> text.append(any(FRAGMENTS));
                case 4 -> repeat(text, of(any(JOINERS)), random.nextInt(1, 4));
                case 5, 6 -> repeat(text, WHITE_SPACE.charAt(random.nextInt(WHITE_SPACE.length())),
                        random.nextInt(1, 3));
                case 7 -> appendCharacter(text, random.nextInt(0x110000));
                case 8 -> repeat(text, of(script), random.nextInt(1, 12));
                default -> {
                    for (int count = random.nextInt(1, 8); count > 0; count--) {
                        appendCharacter(text, of(script));
                        if (random.nextInt(6) == 0) {
                            appendCharacter(text, of(any(JOINERS)));
                        }
                    }
                    if (random.nextBoolean()) {
                        text.append(' ');
                    }
                }
            }
        }
        return text.toString();
    }

    /** Returns the same kind of text with lone surrogates. */
    String nextWithLoneSurrogates() {
        StringBuilder text = new StringBuilder(next());
        for (int count = random.nextInt(1, 4); count > 0; count--) {
            text.insert(random.nextInt(text.length() + 1), (char) random.nextInt(0xD800, 0xE000));
        }
        return text.toString();
    }

    private int of(int[] range) {
        return random.nextInt(range[0], range[1] + 1);
    }

    private void repeat(StringBuilder text, int codePoint, int count) {
        for (int i = 0; i < count; i++) {
            appendCharacter(text, codePoint);
        }
    }

    private static void appendCharacter(StringBuilder text, int codePoint) {
        text.appendCodePoint(codePoint >= 0xD800 && codePoint <= 0xDFFF ? 0xFFFD : codePoint);
    }

    private int[] any(int[][] choices) {
        return choices[random.nextInt(choices.length)];
    }

    private String any(List<String> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    /** Returns a text as a Java literal, for messages. */
    static String escaped(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (char unit : text.toCharArray()) {
            out.append(
                    unit >= ' ' && unit < 0x7F ? String.valueOf(unit) : String.format("\\u%04X", (int) unit));
        }
        return out.append('"').toString();
    }
}
