package dev.bgem3.tokenizer;

import dev.bgem3.text.Utf8;

/**
 * Normalises text with a charsmap, exactly as Hugging Face's tokenizers do, on request after converting it to
 * lower case.
 *
 * <p>The text is split into extended grapheme clusters. A cluster under 6 UTF-8 bytes is looked up as a
 * whole. A longer cluster, or one that was not found, is looked up character by character. If a key matches a
 * prefix of the cluster or character, its replacement replaces all of it. Immutable.
 */
final class Normalizer {
    private static final int MAX_WHOLE_CLUSTER_BYTES = 5;
    /** The character has no replacement and joins its successor only if that has {@link #JOINS}. */
    private static final byte PLAIN = 1;
    /** The character may join its predecessor. */
    private static final byte JOINS = 2;

    /** The flags of each unit that follow from Unicode alone, without a charsmap. */
    private static final byte[] BREAK_FLAGS = breakFlags();

    private final Charsmap charsmap; // null if nothing is replaced
    private final boolean lowerCases;
    private final byte[] flags = BREAK_FLAGS.clone();

    Normalizer(Charsmap charsmap, boolean lowerCases) {
        this.charsmap = charsmap;
        this.lowerCases = lowerCases;
        if (charsmap == null) {
            return;
        }
        char[] single = new char[1];
        for (int unit = 0; unit < flags.length; unit++) {
            if (unit >= 0x80 && !charsmap.hasKeyFrom(Utf8.leadByte(unit))) {
                // None of the characters with this lead byte has a replacement.
                unit |= unit < 0x800 ? 0x3F : 0xFFF;
                continue;
            }
            single[0] = (char) unit;
            if (charsmap.find(single, 0, 1) != Charsmap.NONE) {
                flags[unit] &= ~PLAIN;
            }
        }
    }

    private static byte[] breakFlags() {
        byte[] flags = new byte[0x10000];
        for (int unit = 0; unit < flags.length; unit++) {
            flags[unit] = Character.isSurrogate((char) unit)
                    ? JOINS
                    : switch (GraphemeClusters.classOf(unit)) {
                        case GraphemeClusters.EXTEND, GraphemeClusters.LINKER,
                                GraphemeClusters.EXTEND_OUTSIDE_CONJUNCT ->
                            PLAIN | JOINS;
                        case GraphemeClusters.ZERO_WIDTH_JOINER, GraphemeClusters.SPACING_MARK ->
                            PLAIN | JOINS;
                        case GraphemeClusters.HANGUL_V, GraphemeClusters.HANGUL_T -> PLAIN | JOINS;
                        case GraphemeClusters.CARRIAGE_RETURN, GraphemeClusters.PREPEND,
                                GraphemeClusters.HANGUL_L ->
                            0;
                        default -> PLAIN;
                    };
        }
        return flags;
    }

    /** Returns a normaliser that converts to lower case first. */
    Normalizer lowerCasing() {
        return lowerCases ? this : new Normalizer(charsmap, true);
    }

    /** Appends the normal form of {@code text[from, to)} to {@code out}. */
    void normalize(char[] text, int from, int to, NormalizedText out) {
        if (!lowerCases) {
            normalizeCased(text, from, to, out);
            return;
        }
        LowerCase lower = new LowerCase(text, from, to);
        int start = out.length;
        normalizeCased(lower.chars, 0, lower.length, out);
        out.setSources(start, lower);
    }

    private void normalizeCased(char[] text, int from, int to, NormalizedText out) {
        int index = from;
        while (index < to) {
            index = copyPlain(text, index, to, out);
            if (index < to) {
                int end = GraphemeClusters.clusterEnd(text, index, to);
                normalizeCluster(text, index, end, out);
                index = end;
            }
        }
    }

    /** Copies the single plain characters that begin at {@code from} and returns where they end. */
    private int copyPlain(char[] text, int from, int to, NormalizedText out) {
        byte[] table = flags;
        int index = from;
        int next = table[text[index]];
        while ((next & PLAIN) != 0) {
            if (++index == to) {
                break;
            }
            next = table[text[index]];
            if ((next & JOINS) != 0) {
                index--;
                break;
            }
        }
        out.append(text, from, index);
        return index;
    }

    private void normalizeCluster(char[] text, int from, int to, NormalizedText out) {
        if (charsmap != null && to - from <= MAX_WHOLE_CLUSTER_BYTES && fitsWholeLookUp(text, from, to)) {
            int replacement = charsmap.find(text, from, to);
            if (replacement != Charsmap.NONE) {
                out.appendReplacement(charsmap, replacement, from, to);
                return;
            }
        }
        for (int index = from; index < to;) {
            int codePoint = GraphemeClusters.codePointAt(text, index, to);
            int end = index + Character.charCount(codePoint);
            int replacement = charsmap == null || end == index + 1 && (flags[text[index]] & PLAIN) != 0
                    ? Charsmap.NONE
                    : charsmap.find(text, index, end);
            if (replacement != Charsmap.NONE) {
                out.appendReplacement(charsmap, replacement, index, end);
            } else {
                out.append(codePoint, index);
            }
            index = end;
        }
    }

    private static boolean fitsWholeLookUp(char[] text, int from, int to) {
        int bytes = 0;
        for (int index = from; index < to;) {
            int codePoint = GraphemeClusters.codePointAt(text, index, to);
            bytes += Utf8.length(codePoint);
            index += Character.charCount(codePoint);
        }
        return bytes <= MAX_WHOLE_CLUSTER_BYTES;
    }
}
