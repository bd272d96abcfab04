import com.ibm.icu.lang.UCharacter;
import com.ibm.icu.lang.UProperty;

/**
 * Writes the body of {@code tokenizer/src/main/java/dev/bgem3/tokenizer/GraphemeBreakData.java} to standard
 * output.
 *
 * <p>icu4j 76 and 77 contain Unicode 16.0, which the grapheme segmentation of Hugging Face's tokenizers
 * follows:
 *
 * <pre>
 * mvn dependency:get -Dartifact=com.ibm.icu:icu4j:77.1
 * java -cp ~/.m2/repository/com/ibm/icu/icu4j/77.1/icu4j-77.1.jar \
 *     src/unicode/GenerateGraphemeBreakData.java \
 *     > tokenizer/src/main/java/dev/bgem3/tokenizer/GraphemeBreakData.java
 * </pre>
 */
class GenerateGraphemeBreakData {
    private static final int HANGUL_FIRST = 0xAC00;
    private static final int HANGUL_LAST = 0xD7A3;

    public static void main(String[] arguments) {
        StringBuilder out = new StringBuilder();
        out.append("package dev.bgem3.tokenizer;\n\n");
        out.append("/** Grapheme cluster break classes of Unicode ")
                .append(UCharacter.getUnicodeVersion().getMajor()).append('.')
                .append(UCharacter.getUnicodeVersion().getMinor())
                .append("; written by src/unicode/GenerateGraphemeBreakData.java. */\n");
        out.append("final class GraphemeBreakData {\n");
        out.append("    /**\n");
        out.append("     * Ranges in code point order, each {@code first[-last]class} with hexadecimal"
                + " code points and a class of\n");
        out.append("     * {@link GraphemeClusters}. Other code points break on both sides, except the Hangul"
                + " syllables (LV and\n");
        out.append("     * LVT), whose classes are computed.\n");
        out.append("     */\n");
        out.append("    static final String RANGES = \"\"\"\n");
        StringBuilder line = new StringBuilder();
        int first = 0;
        char current = letter(0);
        for (int codePoint = 1; codePoint <= 0x110000; codePoint++) {
            char next = codePoint == 0x110000 ? '!' : letter(codePoint);
            if (next == current) {
                continue;
            }
            if (current != '.') {
                String range = Integer.toHexString(first)
                        + (first == codePoint - 1 ? "" : "-" + Integer.toHexString(codePoint - 1)) + current;
                if (line.length() + range.length() > 96) {
                    out.append("            ").append(line).append('\n');
                    line.setLength(0);
                }
                line.append(line.isEmpty() ? "" : " ").append(range);
            }
            first = codePoint;
            current = next;
        }
        out.append("            ").append(line).append("\n            \"\"\";\n\n");
        out.append("    private GraphemeBreakData() {\n    }\n}\n");
        System.out.print(out);
    }

    private static char letter(int codePoint) {
        if (codePoint >= HANGUL_FIRST && codePoint <= HANGUL_LAST) {
            return '.';
        }
        String conjunct = UCharacter.getPropertyValueName(UProperty.INDIC_CONJUNCT_BREAK,
                UCharacter.getIntPropertyValue(codePoint, UProperty.INDIC_CONJUNCT_BREAK),
                UProperty.NameChoice.LONG);
        return switch (UCharacter.getIntPropertyValue(codePoint, UProperty.GRAPHEME_CLUSTER_BREAK)) {
            // Surrogates are Control, but the tokenizer reads a lone one as U+FFFD.
            case UCharacter.GraphemeClusterBreak.CONTROL ->
                codePoint >= 0xD800 && codePoint <= 0xDFFF ? '.' : 'C';
            case UCharacter.GraphemeClusterBreak.CR -> 'R';
            case UCharacter.GraphemeClusterBreak.LF -> 'F';
            case UCharacter.GraphemeClusterBreak.EXTEND -> switch (conjunct) {
                case "Linker" -> 'K';
                case "Extend" -> 'E';
                default -> 'N';
            };
            case UCharacter.GraphemeClusterBreak.ZWJ -> 'Z';
            case UCharacter.GraphemeClusterBreak.REGIONAL_INDICATOR -> 'I';
            case UCharacter.GraphemeClusterBreak.PREPEND -> 'P';
            case UCharacter.GraphemeClusterBreak.SPACING_MARK -> 'S';
            case UCharacter.GraphemeClusterBreak.L -> 'L';
            case UCharacter.GraphemeClusterBreak.V -> 'V';
            case UCharacter.GraphemeClusterBreak.T -> 'T';
            default -> UCharacter.hasBinaryProperty(codePoint, UProperty.EXTENDED_PICTOGRAPHIC) ? 'X'
                    : conjunct.equals("Consonant") ? 'O' : '.';
        };
    }
}
