package dev.bgem3;

import dev.bgem3.testsupport.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Random texts in several scripts for property tests; {@code -Dbgem3.seed} repeats a run. */
public final class RandomTexts {
    private static final String[] WORDS = {"the", "query", "embedding", "BGE", "M3", "25", "is", "año", "été",
            "ß",
            "данные", "поиск", "検索", "数据", "データ", "검색", "بحث", "खोज", "🙂", "👩‍👩‍👧", "—", "?", "...",
            "supercalifragilistic", "\t", "e\u0301", "\ufb01n", "x\u0000y", "\ud800", "<mask>", "</s>"};

    private final Random random;

    private RandomTexts(Random random) {
        this.random = random;
    }

    /** Creates a source with a new or the given seed, which it prints. */
    public static RandomTexts seeded(String what) {
        return new RandomTexts(new Random(Seeds.seed(what)));
    }

    public Random random() {
        return random;
    }

    /** Returns a text of {@code words} words. */
    public String text(int words) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < words; i++) {
            text.append(i == 0 ? "" : " ");
            if (random.nextInt(8) == 0) {
                text.appendCodePoint(random.nextInt(0x3000));
            } else {
                text.append(WORDS[random.nextInt(WORDS.length)]);
            }
        }
        return text.toString();
    }

    /** Returns texts of up to {@code maxWords} words, including empty ones and duplicates. */
    public List<String> texts(int count, int maxWords) {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            texts.add(i > 0 && random.nextInt(8) == 0
                    ? texts.get(random.nextInt(i))
                    : text(random.nextInt(maxWords + 1)));
        }
        return texts;
    }
}
