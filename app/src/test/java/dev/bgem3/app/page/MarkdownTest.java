package dev.bgem3.app.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class MarkdownTest {
    @Test
    void separatesParagraphs() {
        assertThat(Markdown.html("one\ntwo\n\nthree")).isEqualTo("<p>one\ntwo</p>\n<p>three</p>\n");
    }

    @Test
    void givesHeadingsTheAnchorsThatLinksName() {
        assertThat(Markdown.html("## The page: `GET /`\n[there](#the-page-get-)"))
                .isEqualTo("<h2 id=\"the-page-get-\">The page: <code>GET /</code></h2>\n"
                        + "<p><a rel=\"nofollow\" href=\"#the-page-get-\">there</a></p>\n");
    }

    @Test
    void listsItemsOfSeveralLines() {
        assertThat(Markdown.html("Before:\n- **a**: one\n  more\n- b\n"))
                .isEqualTo(
                        "<p>Before:</p>\n<ul>\n<li><strong>a</strong>: one\nmore</li>\n<li>b</li>\n</ul>\n");
    }

    @Test
    void putsTablesIntoScrollersThatTheKeyboardReaches() {
        assertThat(Markdown.html("| A | |\n| --- | --- |\n| `x` \\| y | |").replace("\n", "")).isEqualTo(
                "<div aria-label=\"Table\" class=\"scroller\" role=\"group\" tabindex=\"0\"><table>"
                        + "<thead><tr><th>A</th><th></th></tr></thead>"
                        + "<tbody><tr><td><code>x</code> | y</td><td></td></tr></tbody></table></div>");
    }

    @Test
    void keepsCodeUnchanged() {
        assertThat(Markdown.html("```\n# a **b** <c>\n\n  d\n```\nafter")).isEqualTo(
                "<pre tabindex=\"0\"><code># a **b** &lt;c&gt;\n\n  d\n</code></pre>\n<p>after</p>\n");
        assertThat(Markdown.html("`**a**` `[b](#c)`"))
                .isEqualTo("<p><code>**a**</code> <code>[b](#c)</code></p>\n");
    }

    @Test
    void keepsOnlyLinksThatWorkWithoutOtherFiles() {
        assertThat(Markdown.html("[a](https://example.org/?x=1&y=2) [`b`](../b.md) [c](javascript:alert) [d"))
                .isEqualTo("<p><a rel=\"nofollow\" href=\"https://example.org/?x=1&amp;y=2\">a</a> "
                        + "<code>b</code> c [d</p>\n");
    }

    @Test
    void escapesMarkup() {
        assertThat(Markdown.html("a <b onclick=\"x\"> & c"))
                .isEqualTo("<p>a &lt;b onclick=&quot;x&quot;&gt; &amp; c</p>\n");
    }

    @Test
    void leavesNoMarkupInTheServersDocumentation() {
        String text = Page.documentation().html().replaceAll("(?s)<style>.*?</style>|<pre.*?</pre>", "")
                .replaceAll("<code>[^<]*</code>", "");
        assertThat(text).contains("<h1 id=\"the-server\">The server</h1>").doesNotContain("```", "**", "](",
                "`",
                "| ", "\n#", "\n- ", "\n* ", "\n1. ");
        // Every link within the page must have a target.
        Pattern.compile("href=\"#([^\"]*)\"").matcher(text).results()
                .forEach(link -> assertThat(text).contains("id=\"" + link.group(1) + "\""));
    }
}
