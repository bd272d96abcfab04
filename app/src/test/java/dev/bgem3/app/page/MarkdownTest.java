package dev.bgem3.app.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class MarkdownTest {
    @Test
    void joinsTheLinesOfAParagraph() {
        assertThat(Markdown.html("one\ntwo\n\nthree")).isEqualTo("<p>one two</p>\n<p>three</p>\n");
    }

    @Test
    void givesHeadingsTheAnchorsThatLinksName() {
        assertThat(Markdown.html("## The page: `GET /`\n[there](#the-page-get-)"))
                .isEqualTo("<h2 id=\"the-page-get-\">The page: <code>GET /</code></h2>\n"
                        + "<p><a href=\"#the-page-get-\">there</a></p>\n");
    }

    @Test
    void listsItemsThatGoOnOverLines() {
        assertThat(Markdown.html("Before:\n- **a**: one\n  more\n- b\n"))
                .isEqualTo(
                        "<p>Before:</p>\n<ul>\n<li><strong>a</strong>: one more</li>\n<li>b</li>\n</ul>\n");
    }

    @Test
    void keepsEmptyCellsAndEscapedPipes() {
        assertThat(Markdown.html("| A | |\n| --- | --- |\n| `x` \\| y | |"))
                .contains("<thead><tr><th>A</th><th></th></tr>")
                .contains("<tbody><tr><td><code>x</code> | y</td><td></td></tr>").doesNotContain("---");
    }

    @Test
    void keepsCodeAsItStands() {
        assertThat(Markdown.html("```sh\n# a **b** <c>\n\n  d\n```\nafter")).isEqualTo(
                "<pre tabindex=\"0\"><code># a **b** &lt;c&gt;\n\n  d\n</code></pre>\n<p>after</p>\n");
        assertThat(Markdown.html("`**a**` `[b](#c)`"))
                .isEqualTo("<p><code>**a**</code> <code>[b](#c)</code></p>\n");
    }

    @Test
    void linksToWhatCanBeReachedAlone() {
        assertThat(Markdown.html("[a](https://example.org/?x=1&y=2) [`b`](../b.md) [c](javascript:alert) [d"))
                .isEqualTo("<p><a href=\"https://example.org/?x=1&amp;y=2\">a</a> <code>b</code> c [d</p>\n");
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
        // Every link within the page has its target.
        Pattern.compile("href=\"#([^\"]*)\"").matcher(text).results()
                .forEach(link -> assertThat(text).contains("id=\"" + link.group(1) + "\""));
    }
}
