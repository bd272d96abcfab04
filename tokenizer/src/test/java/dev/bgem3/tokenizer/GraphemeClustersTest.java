package dev.bgem3.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.testsupport.Seeds;
import com.ibm.icu.lang.UCharacter;
import com.ibm.icu.text.BreakIterator;
import com.ibm.icu.text.UnicodeSet;
import com.ibm.icu.util.VersionInfo;
import dev.bgem3.testsupport.TestSizes;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;

class GraphemeClustersTest {
    /** The JDK treats these as SpacingMark, unlike Unicode's data (GraphemeBreakProperty.txt). */
    private static final Set<Integer> DIFFERENT_IN_THE_JDK = Set.of(0x11720, 0x11721);
    private static final Pattern CLUSTER = Pattern.compile("\\X");
    /** The consonants of rule GB9c, which Unicode 15.1 introduced. */
    private static final UnicodeSet CONSONANTS = new UnicodeSet("[:InCB=Consonant:]").freeze();
    private static final UnicodeSet LINKERS = new UnicodeSet("[:InCB=Linker:]").freeze();
    private static final List<UnicodeSet> CONJUNCT_CLASSES = List.of(CONSONANTS, CONSONANTS, LINKERS, LINKERS,
            new UnicodeSet("[:InCB=Extend:]").freeze(), new UnicodeSet("[a\\u0903\\u200C\\u200D]").freeze());
    private static final Pattern CONJUNCT = Pattern
            .compile(characterClass(CONSONANTS) + characterClass(LINKERS) + characterClass(CONSONANTS));

    private static String characterClass(UnicodeSet set) {
        StringBuilder pattern = new StringBuilder("[");
        set.ranges().forEach(
                range -> pattern.append("\\x{%x}-\\x{%x}".formatted(range.codepoint, range.codepointEnd)));
        return pattern.append("]").toString();
    }

    /** Unicode 15.0's file covers all rules but GB9c; the test against ICU covers the newer ones. */
    @Test
    void passesUnicodesOwnTest() throws IOException {
        int tested = 0;
        for (String line : testFile().lines().toList()) {
            String sample = line.replaceFirst("#.*", "").strip();
            if (sample.isEmpty()) {
                continue;
            }
            StringBuilder text = new StringBuilder();
            List<Integer> expected = new ArrayList<>();
            for (String part : sample.split("\\s+")) {
                switch (part) {
                    case "÷" -> expected.add(text.length());
                    case "×" -> {
                        // No boundary here.
                    }
                    // The file uses surrogates as class Control, but we treat a lone one as U+FFFD.
                    default -> text.appendCodePoint(part.equals("D800") ? 0x1 : Integer.parseInt(part, 16));
                }
            }
            assertThat(boundaries(text.toString())).as(line).isEqualTo(expected);
            tested++;
        }
        assertThat(tested).isGreaterThan(600);
    }

    /**
     * ICU 77 implements Unicode 16.0, as {@link GraphemeBreakData} does. The JDK's own clusters cannot serve
     * as the reference for whole texts: JDK 25 does not apply GB11 after a prepended character, and allows
     * spacing marks within GB11.
     */
    @Test
    void breaksConjunctsAndRandomTextAsIcuDoes() {
        assertThat(VersionInfo.ICU_VERSION.getMajor()).as("ICU").isEqualTo(77);
        assertThat(UCharacter.getUnicodeVersion()).as("its Unicode").isEqualTo(VersionInfo.UNICODE_16_0);
        Random random = Seeds.random(GraphemeClustersTest.class);
        RandomText texts = new RandomText(random);
        String[] ranges = GraphemeBreakData.RANGES.trim().split("\\s+");
        BreakIterator icu = BreakIterator.getCharacterInstance(Locale.ROOT);
        int conjuncts = 0;
        int count = TestSizes.pick(6_000, 60_000);
        for (int i = 0; i < count; i++) {
            String text = switch (i % 3) {
                case 0 -> texts.next();
                case 1 -> ofListedCharacters(random, ranges);
                default -> ofConjuncts(random);
            };
            icu.setText(text);
            List<Integer> expected = new ArrayList<>();
            for (int end = icu.first(); end != BreakIterator.DONE; end = icu.next()) {
                expected.add(end);
            }
            assertThat(boundaries(text)).as(RandomText.escaped(text)).isEqualTo(expected);
            conjuncts += CONJUNCT.matcher(text).find() ? 1 : 0;
        }
        assertThat(conjuncts).as("texts with consonants that GB9c joins")
                .isGreaterThan(count / 60);
    }

    /** Returns a random text of GB9c's consonants, linkers and extending characters, mixed with others. */
    private static String ofConjuncts(Random random) {
        StringBuilder text = new StringBuilder();
        for (int count = random.nextInt(2, 10); count > 0; count--) {
            UnicodeSet set = CONJUNCT_CLASSES.get(random.nextInt(CONJUNCT_CLASSES.size()));
            text.appendCodePoint(set.charAt(random.nextInt(set.size())));
        }
        return text.toString();
    }

    @Test
    void classifiesEveryCharacterAsTheJdkDoes() {
        assumeTrue(Runtime.version().feature() == 25, "the JDK's Unicode is not 16.0");
        for (int codePoint = 0; codePoint < 0x110000; codePoint++) {
            if (codePoint >= 0xD800 && codePoint <= 0xDFFF || DIFFERENT_IN_THE_JDK.contains(codePoint)) {
                continue;
            }
            // Only an extending character joins the letter before it, and only a prepended one the letter
            // after it.
            String character = Character.toString(codePoint);
            for (String text : List.of("a" + character, character + "a")) {
                Matcher matcher = CLUSTER.matcher(text);
                assertThat(matcher.find()).isTrue();
                assertThat(GraphemeClusters.clusterEnd(text.toCharArray(), 0, text.length()))
                        .as(RandomText.escaped(text)).isEqualTo(matcher.end());
            }
        }
    }

    @Test
    void readsALoneSurrogateAsItsOwnCharacter() {
        assertThat(boundaries("a\uD800\u0301\uDC00b")).containsExactly(0, 1, 3, 4, 5);
    }

    private static String ofListedCharacters(Random random, String[] ranges) {
        StringBuilder text = new StringBuilder();
        for (int count = random.nextInt(2, 12); count > 0; count--) {
            String range = ranges[random.nextInt(ranges.length)];
            String[] ends = range.substring(0, range.length() - 1).split("-");
            int first = Integer.parseInt(ends[0], 16);
            int last = Integer.parseInt(ends[ends.length - 1], 16);
            text.appendCodePoint(random.nextInt(8) == 0
                    ? random.nextInt(0xAC00, 0xD7A4)
                    : random.nextInt(first, last + 1));
        }
        return text.toString();
    }

    private static List<Integer> boundaries(String text) {
        List<Integer> boundaries = new ArrayList<>(List.of(0));
        for (int index = 0; index < text.length();) {
            index = GraphemeClusters.clusterEnd(text.toCharArray(), index, text.length());
            boundaries.add(index);
        }
        return boundaries;
    }

    private static String testFile() throws IOException {
        try (InputStream in = GraphemeClustersTest.class
                .getResourceAsStream("GraphemeBreakTest-15.0.0.txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
