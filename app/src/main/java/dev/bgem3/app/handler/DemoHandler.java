package dev.bgem3.app.handler;

import dev.bgem3.BgeM3;
import dev.bgem3.ModelInfo;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;

/**
 * Prints the four parts of BGE-M3's tutorial, and for BGE-M3 itself the published figures too.
 */
public final class DemoHandler {
    private static final int NAME_WIDTH = 24;
    private static final int VALUE_WIDTH = 10;
    private static final int PUBLISHED_WIDTH = 12;

    private final PrintStream out;
    private final Tutorial tutorial;
    private final boolean published;
    private final ModelInfo info;

    /** Computes the figures. */
    public DemoHandler(BgeM3 model, PrintStream out) {
        this.out = out;
        info = model.info();
        tutorial = new Tutorial(model);
        published = Published.isFor(info);
    }

    /** Prints all parts. */
    public void run() {
        print("Model   %s", info.folder());
        print("        %d layers, hidden %,d, %,d token ids; %s kernels, %s, %d %s", info.layerCount(),
                info.hiddenSize(), info.vocabSize(), info.kernels(), info.precision().label(), info.threads(),
                info.threads() == 1 ? "thread" : "threads");
        print("");
        texts("s1", Published.QUERIES);
        texts("s2", Published.PASSAGES);
        if (published) {
            print("");
            print("In [ ]: the figure that BGE-M3's authors published.");
        }
        dense();
        lexical();
        colbert();
        weighted();
    }

    private void texts(String name, List<String> texts) {
        for (int i = 0; i < texts.size(); i++) {
            print("%s[%d]   %s", name, i, texts.get(i));
        }
    }

    private void dense() {
        print("");
        print("1. Dense: the cosine of each text of s1 with each of s2");
        print("%s%s%s", name(""), column("s2[0]"), column("s2[1]"));
        for (int i = 0; i < Published.QUERIES.size(); i++) {
            StringBuilder row = new StringBuilder(name("s1[" + i + "]"));
            for (int j = 0; j < Published.PASSAGES.size(); j++) {
                row.append(value(tutorial.dense(i, j), Published.DENSE[i][j]));
            }
            print("%s", row);
        }
    }

    private void lexical() {
        print("");
        print("2. Lexical matching: the sum over shared tokens of the products of their weights");
        print("%s%s", name("s1[0] with s2[0]"),
                value(tutorial.lexicalQueryPassage(), Published.LEXICAL_QUERY_PASSAGE));
        print("%s%s", name("s1[0] with s1[1]"),
                value(tutorial.lexicalQueryQuery(), Published.LEXICAL_QUERY_QUERY));
        for (int i = 0; i < Published.QUERIES.size(); i++) {
            print("   the weights of s1[%d]", i);
            SequencedMap<String, String> expected = Published.QUERY_WEIGHTS.get(i);
            tutorial.queryWeights.get(i).forEach((token, weight) -> print("%s%s", name("   " + token),
                    value(weight, expected.getOrDefault(token, "none"))));
        }
    }

    private void colbert() {
        print("");
        print("3. ColBERT: the mean over s1[0]'s tokens of the best match among the other's tokens");
        for (int j = 0; j < Published.PASSAGES.size(); j++) {
            print("%s%s", name("s1[0] with s2[" + j + "]"),
                    value(tutorial.colbert(0, j), Published.COLBERT[j]));
        }
    }

    private void weighted() {
        print("");
        print("4. Weighted scores: dense, sparse and ColBERT with the weights 0.4, 0.2, 0.4");
        StringBuilder head = new StringBuilder(name(""));
        for (int i = 0; i < Published.QUERIES.size(); i++) {
            for (int j = 0; j < Published.PASSAGES.size(); j++) {
                head.append(column("s1[" + i + "] s2[" + j + "]"));
            }
        }
        print("%s", head);
        for (int name = 0; name < Published.SCORE_NAMES.size(); name++) {
            StringBuilder row = new StringBuilder(name(Published.SCORE_NAMES.get(name)));
            for (int pair = 0; pair < Published.PAIRS.size(); pair++) {
                row.append(value(tutorial.score(name, pair), Published.SCORES[name][pair]));
            }
            print("%s", row);
        }
    }

    private static String name(String name) {
        return String.format(Locale.ROOT, "   %-" + NAME_WIDTH + "s", name);
    }

    private String column(String title) {
        String padded = String.format(Locale.ROOT, "%" + (VALUE_WIDTH + 2) + "s", title);
        return published ? padded + " ".repeat(PUBLISHED_WIDTH) : padded;
    }

    private String value(float value, String expected) {
        String own = String.format(Locale.ROOT, "%" + (VALUE_WIDTH + 2) + ".4f", value);
        String shown = expected.length() > 6 ? expected.substring(0, 6) : expected;
        return published
                ? own + String.format(Locale.ROOT, " %-" + (PUBLISHED_WIDTH - 1) + "s", "[" + shown + "]")
                : own;
    }

    private void print(String format, Object... arguments) {
        out.println(String.format(Locale.ROOT, format, arguments).stripTrailing());
    }
}
