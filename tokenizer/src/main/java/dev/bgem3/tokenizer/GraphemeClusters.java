package dev.bgem3.tokenizer;

import java.util.Arrays;

/**
 * Finds extended grapheme clusters by the rules GB1 to GB999 of Unicode Standard Annex #29 (Unicode 16.0).
 *
 * <p>Lone surrogates are treated as U+FFFD.
 */
final class GraphemeClusters {
    static final byte OTHER = 0;
    static final byte CONTROL = 'C';
    static final byte CARRIAGE_RETURN = 'R';
    static final byte LINE_FEED = 'F';
    /** Grapheme_Cluster_Break=Extend and Indic_Conjunct_Break=Extend. */
    static final byte EXTEND = 'E';
    /** Grapheme_Cluster_Break=Extend and Indic_Conjunct_Break=Linker. */
    static final byte LINKER = 'K';
    /** Grapheme_Cluster_Break=Extend that Indic conjuncts do not contain: only U+200C. */
    static final byte EXTEND_OUTSIDE_CONJUNCT = 'N';
    static final byte ZERO_WIDTH_JOINER = 'Z';
    static final byte REGIONAL_INDICATOR = 'I';
    static final byte PREPEND = 'P';
    static final byte SPACING_MARK = 'S';
    static final byte HANGUL_L = 'L';
    static final byte HANGUL_V = 'V';
    static final byte HANGUL_T = 'T';
    static final byte HANGUL_LV = 'A';
    static final byte HANGUL_LVT = 'B';
    static final byte EXTENDED_PICTOGRAPHIC = 'X';
    /** Indic_Conjunct_Break=Consonant. */
    static final byte CONSONANT = 'O';

    private static final int HANGUL_FIRST = 0xAC00;
    private static final int HANGUL_LAST = 0xD7A3;
    private static final int HANGUL_T_COUNT = 28;

    private static final byte[] BASIC_PLANE = new byte[0x10000];
    /** The first code point of each range above the basic plane, in ascending order. */
    private static final int[] HIGH_FIRST;
    private static final int[] HIGH_LAST;
    private static final byte[] HIGH_CLASS;

    static {
        String[] ranges = GraphemeBreakData.RANGES.trim().split("\\s+");
        int[] first = new int[ranges.length];
        int[] last = new int[ranges.length];
        byte[] classes = new byte[ranges.length];
        int count = 0;
        for (int codePoint = HANGUL_FIRST; codePoint <= HANGUL_LAST; codePoint++) {
            BASIC_PLANE[codePoint] = (codePoint - HANGUL_FIRST) % HANGUL_T_COUNT == 0
                    ? HANGUL_LV
                    : HANGUL_LVT;
        }
        for (String range : ranges) {
            int end = range.length() - 1;
            int dash = range.indexOf('-');
            int low = Integer.parseInt(range, 0, dash < 0 ? end : dash, 16);
            int high = dash < 0 ? low : Integer.parseInt(range, dash + 1, end, 16);
            byte breakClass = (byte) range.charAt(end);
            if (low < 0x10000) {
                Arrays.fill(BASIC_PLANE, low, high + 1, breakClass);
            } else {
                first[count] = low;
                last[count] = high;
                classes[count++] = breakClass;
            }
        }
        HIGH_FIRST = Arrays.copyOf(first, count);
        HIGH_LAST = Arrays.copyOf(last, count);
        HIGH_CLASS = Arrays.copyOf(classes, count);
    }

    private GraphemeClusters() {}

    /** Returns the break class of a code point. */
    static byte classOf(int codePoint) {
        if (codePoint < 0x10000) {
            return BASIC_PLANE[codePoint];
        }
        int at = Arrays.binarySearch(HIGH_FIRST, codePoint);
        int range = at >= 0 ? at : -at - 2;
        return range >= 0 && codePoint <= HIGH_LAST[range] ? HIGH_CLASS[range] : OTHER;
    }

    /** Returns the code point at {@code index}, or U+FFFD for a lone surrogate. */
    static int codePointAt(char[] text, int index, int to) {
        char high = text[index];
        if (!Character.isSurrogate(high)) {
            return high;
        }
        if (Character.isHighSurrogate(high) && index + 1 < to && Character.isLowSurrogate(text[index + 1])) {
            return Character.toCodePoint(high, text[index + 1]);
        }
        return 0xFFFD;
    }

    /**
     * Returns the end of the cluster that begins at {@code from}, which must be a cluster boundary of the
     * text {@code [from, to)}.
     */
    static int clusterEnd(char[] text, int from, int to) {
        int codePoint = codePointAt(text, from, to);
        int index = from + Character.charCount(codePoint);
        byte previous = classOf(codePoint);
        // GB11, ExtPict Extend* ZWJ × ExtPict: 1 after ExtPict Extend*, 2 after the joiner.
        int emoji = previous == EXTENDED_PICTOGRAPHIC ? 1 : 0;
        // GB9c, Consonant (Extend | Linker)* with at least one Linker × Consonant: 1 before the first linker,
        // 2 after it.
        int conjunct = previous == CONSONANT ? 1 : 0;
        boolean oddIndicators = previous == REGIONAL_INDICATOR;
        while (index < to) {
            codePoint = codePointAt(text, index, to);
            byte next = classOf(codePoint);
            boolean joined = joins(previous, next) || emoji == 2 && next == EXTENDED_PICTOGRAPHIC
                    || conjunct == 2 && next == CONSONANT || oddIndicators && next == REGIONAL_INDICATOR;
            if (!joined) {
                return index;
            }
            emoji = switch (next) {
                case EXTENDED_PICTOGRAPHIC -> 1;
                case EXTEND, LINKER, EXTEND_OUTSIDE_CONJUNCT -> emoji == 1 ? 1 : 0;
                case ZERO_WIDTH_JOINER -> emoji == 1 ? 2 : 0;
                default -> 0;
            };
            conjunct = switch (next) {
                case CONSONANT -> 1;
                case LINKER -> conjunct == 0 ? 0 : 2;
                case EXTEND, ZERO_WIDTH_JOINER -> conjunct;
                default -> 0;
            };
            oddIndicators = next == REGIONAL_INDICATOR && !oddIndicators;
            previous = next;
            index += Character.charCount(codePoint);
        }
        return to;
    }

    /** Applies GB3 to GB9b, the rules that depend only on two neighbours. */
    private static boolean joins(byte previous, byte next) {
        if (previous == CARRIAGE_RETURN) {
            return next == LINE_FEED;
        }
        if (previous == CONTROL || previous == LINE_FEED) {
            return false;
        }
        return switch (next) {
            case CONTROL, CARRIAGE_RETURN, LINE_FEED -> false;
            case EXTEND, LINKER, EXTEND_OUTSIDE_CONJUNCT, ZERO_WIDTH_JOINER, SPACING_MARK -> true;
            case HANGUL_L, HANGUL_LV, HANGUL_LVT -> previous == HANGUL_L || previous == PREPEND;
            case HANGUL_V ->
                previous == HANGUL_L || previous == HANGUL_LV || previous == HANGUL_V || previous == PREPEND;
            case HANGUL_T -> previous == HANGUL_LV || previous == HANGUL_V || previous == HANGUL_LVT
                    || previous == HANGUL_T
                    || previous == PREPEND;
            default -> previous == PREPEND;
        };
    }
}
