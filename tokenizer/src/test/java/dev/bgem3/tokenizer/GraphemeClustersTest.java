package dev.bgem3.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;

class GraphemeClustersTest {
    /** Spacing marks that Unicode's data (GraphemeBreakProperty.txt) leaves out of SpacingMark, and the JDK does not. */
    private static final Set<Integer> OTHERWISE_IN_THE_JDK = Set.of(0x11720, 0x11721);
    private static final Pattern CLUSTER = Pattern.compile("\\X");

    @Test
    void breaksAsUnicodesOwnTestSays() throws IOException {
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
                    // The file's surrogates stand for class Control; a lone one is U+FFFD here.
                    default -> text.appendCodePoint(part.equals("D800") ? 0x1 : Integer.parseInt(part, 16));
                }
            }
            assertThat(boundaries(text.toString())).as(line).isEqualTo(expected);
            tested++;
        }
        assertThat(tested).isGreaterThan(600);
    }

    @Test
    void breaksRandomTextAsTheJdkDoes() {
        // The JDK's \X is of Unicode 16 in version 25, and of a later Unicode later.
        assumeTrue(Runtime.version().feature() == 25, "the JDK's Unicode is not 16.0");
        Random random = Seeds.random(GraphemeClustersTest.class);
        RandomText texts = new RandomText(random);
        String[] ranges = GraphemeBreakData.RANGES.trim().split("\\s+");
        int compared = 0;
        for (int i = 0; i < 30_000; i++) {
            String text = i % 2 == 0 ? texts.next() : ofListedCharacters(random, ranges);
            if (!text.codePoints().allMatch(GraphemeClustersTest::isJudgedByTheJdk)) {
                continue;
            }
            compared++;
            List<Integer> expected = new ArrayList<>(List.of(0));
            for (Matcher matcher = CLUSTER.matcher(text); matcher.find();) {
                expected.add(matcher.end());
            }
            assertThat(boundaries(text)).as(RandomText.escaped(text)).isEqualTo(expected);
        }
        assertThat(compared).isGreaterThan(10_000);
    }

    @Test
    void knowsEveryCharactersClassAsTheJdkDoes() {
        assumeTrue(Runtime.version().feature() == 25, "the JDK's Unicode is not 16.0");
        for (int codePoint = 0; codePoint < 0x110000; codePoint++) {
            if (codePoint >= 0xD800 && codePoint <= 0xDFFF || OTHERWISE_IN_THE_JDK.contains(codePoint)) {
                continue;
            }
            // After a letter only an extending character joins, before one only a prepended one.
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
    void readsALoneSurrogateAsACharacterOfItsOwn() {
        assertThat(boundaries("a\uD800\u0301\uDC00b")).containsExactly(0, 1, 3, 4, 5);
    }

    /** The JDK takes unassigned characters for class Control; in Unicode only the default ignorable of them are. */
    private static boolean isJudgedByTheJdk(int codePoint) {
        return Character.isDefined(codePoint) && !OTHERWISE_IN_THE_JDK.contains(codePoint);
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
