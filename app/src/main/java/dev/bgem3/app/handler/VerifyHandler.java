package dev.bgem3.app.handler;

import dev.bgem3.BgeM3;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.util.Locale;

/** Compares a model with the published figures of BGE-M3, row by row. */
public final class VerifyHandler {
    private static final String ROW = "%-46s %12s %12s %11s %11s  %s";

    private final BgeM3 model;
    private final PrintStream out;
    private int rows;
    private int misses;

    /** Creates a handler. */
    public VerifyHandler(BgeM3 model, PrintStream out) {
        this.model = model;
        this.out = out;
    }

    /** Prints a line for each figure and returns whether all match. */
    public boolean run() {
        Tutorial tutorial = new Tutorial(model);
        model.info().adapter()
                .ifPresent(adapter -> print("with an adapter merged, which the published figures "
                        + "are without: %s", adapter));
        print(ROW, "figure", "published", "found", "difference", "allowed", "");
        ids(tutorial.queryIds);
        for (int i = 0; i < Published.QUERIES.size(); i++) {
            for (int j = 0; j < Published.PASSAGES.size(); j++) {
                check("dense s1[" + i + "] s2[" + j + "]", Published.DENSE[i][j], tutorial.dense(i, j));
            }
        }
        check("lexical s1[0] s2[0]", Published.LEXICAL_QUERY_PASSAGE, tutorial.lexicalQueryPassage());
        check("lexical s1[0] s1[1]", Published.LEXICAL_QUERY_QUERY, tutorial.lexicalQueryQuery());
        for (int i = 0; i < Published.QUERIES.size(); i++) {
            String of = " in s1[" + i + "]";
            var found = tutorial.queryWeights.get(i);
            var expected = Published.QUERY_WEIGHTS.get(i);
            expected.forEach((token, weight) -> check("weight of " + token + of, weight,
                    found.getOrDefault(token, Float.NaN)));
            found.forEach((token, weight) -> {
                if (!expected.containsKey(token)) {
                    check("weight of " + token + of, "0", weight);
                }
            });
        }
        for (int j = 0; j < Published.PASSAGES.size(); j++) {
            check("colbert s1[0] s2[" + j + "]", Published.COLBERT[j], tutorial.colbert(0, j));
        }
        for (int name = 0; name < Published.SCORE_NAMES.size(); name++) {
            for (int pair = 0; pair < Published.PAIRS.size(); pair++) {
                check("score " + Published.SCORE_NAMES.get(name) + " s1[" + pair / 2 + "] s2[" + pair % 2
                        + "]",
                        Published.SCORES[name][pair], tutorial.score(name, pair));
            }
        }
        print("%d of %d figures are met", rows - misses, rows);
        return misses == 0;
    }

    private void ids(String found) {
        boolean met = found.equals(Published.QUERY_IDS);
        count(met);
        print("%-46s %s  %s", "ids of s1[0]", found, met ? "ok" : "MISS, published: " + Published.QUERY_IDS);
    }

    private void check(String name, String published, float found) {
        BigDecimal expected = new BigDecimal(published);
        double allowed = Published.allowed(expected);
        double difference = Math.abs(found - expected.doubleValue());
        // Also false for NaN, which stands for a figure that this model does not have.
        boolean met = difference <= allowed;
        count(met);
        print(ROW, name, published.length() > 12 ? published.substring(0, 12) : published,
                Float.isNaN(found) ? "none" : String.format(Locale.ROOT, "%.6f", found),
                Float.isNaN(found) ? "" : String.format(Locale.ROOT, "%.6f", difference),
                String.format(Locale.ROOT, "%.6f", allowed), met ? "ok" : "MISS");
    }

    private void count(boolean met) {
        rows++;
        misses += met ? 0 : 1;
    }

    private void print(String format, Object... arguments) {
        out.println(String.format(Locale.ROOT, format, arguments).stripTrailing());
    }
}
