package dev.bgem3.app.page;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Turns our own documentation into HTML: headings, paragraphs, lists of one level, tables, blocks of code,
 * and in the text code, bold words and links. Links to other files become plain text, since the server has
 * none of them. Everything else in the text is escaped.
 */
final class Markdown {
    private static final Pattern HEADING = Pattern.compile("(#{1,5}) (.*)");
    private static final Pattern ITEM = Pattern.compile("- (.*)");
    /** Code first: nothing in it is markup. */
    private static final Pattern INLINE = Pattern
            .compile("`(?<code>[^`]+)`|\\*\\*(?<bold>.+?)\\*\\*|\\[(?<text>.+?)]\\((?<target>[^)]+)\\)");
    /** What ends a paragraph or an item, besides an empty line. */
    private static final Pattern BLOCK = Pattern.compile("```.*|#{1,5} .*|- .*|\\|.*");
    private static final Pattern CELL_END = Pattern.compile("(?<!\\\\)\\|");

    private final List<String> lines;
    private final StringBuilder html = new StringBuilder();
    private int at;

    private Markdown(String text) {
        lines = text.lines().toList();
    }

    static String html(String text) {
        Markdown markdown = new Markdown(text);
        while (markdown.at < markdown.lines.size()) {
            markdown.block();
        }
        return markdown.html.toString();
    }

    private void block() {
        String line = lines.get(at);
        if (line.isBlank()) {
            at++;
        } else if (line.startsWith("```")) {
            code();
        } else if (HEADING.matcher(line).matches()) {
            heading(HEADING.matcher(line).results().findFirst().orElseThrow());
        } else if (line.startsWith("|")) {
            table();
        } else if (ITEM.matcher(line).matches()) {
            list();
        } else {
            html.append("<p>").append(inline(joined(line))).append("</p>\n");
        }
    }

    /** Scrolls sideways where the screen is narrow, so the keyboard must reach it. */
    private void code() {
        html.append("<pre tabindex=\"0\"><code>");
        for (at++; at < lines.size() && !lines.get(at).startsWith("```"); at++) {
            html.append(escaped(lines.get(at))).append('\n');
        }
        at++;
        html.append("</code></pre>\n");
    }

    private void heading(MatchResult heading) {
        String tag = "h" + heading.group(1).length();
        html.append('<').append(tag).append(" id=\"").append(anchor(heading.group(2))).append("\">")
                .append(inline(heading.group(2))).append("</").append(tag).append(">\n");
        at++;
    }

    /** As GitHub names it. */
    private static String anchor(String heading) {
        return heading.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-');
    }

    private void table() {
        html.append(
                "<div class=\"scroller\" role=\"group\" aria-label=\"Table\" tabindex=\"0\">"
                        + "<table>\n<thead>");
        row("th");
        at++; // The line that aligns columns.
        html.append("</thead>\n<tbody>");
        while (at < lines.size() && lines.get(at).startsWith("|")) {
            row("td");
        }
        html.append("</tbody>\n</table></div>\n");
    }

    private void row(String tag) {
        String line = lines.get(at++).strip();
        html.append("<tr>");
        Arrays.stream(CELL_END.split(line.substring(1)))
                .map(cell -> inline(cell.strip().replace("\\|", "|")))
                .forEach(
                        cell -> html.append('<').append(tag).append('>').append(cell).append("</").append(tag)
                                .append('>'));
        html.append("</tr>\n");
    }

    private void list() {
        html.append("<ul>\n");
        while (at < lines.size() && ITEM.matcher(lines.get(at)).matches()) {
            html.append("<li>").append(inline(joined(lines.get(at).substring(2)))).append("</li>\n");
        }
        html.append("</ul>\n");
    }

    /** A paragraph or an item on one line, from its first line on. */
    private String joined(String first) {
        List<String> parts = new ArrayList<>(List.of(first));
        for (at++; at < lines.size() && !lines.get(at).isBlank()
                && !BLOCK.matcher(lines.get(at)).matches(); at++) {
            parts.add(lines.get(at).strip());
        }
        return parts.stream().collect(Collectors.joining(" "));
    }

    private static String inline(String text) {
        StringBuilder out = new StringBuilder();
        int done = 0;
        for (MatchResult found : INLINE.matcher(text).results().toList()) {
            out.append(escaped(text.substring(done, found.start()))).append(marked(found));
            done = found.end();
        }
        return out.append(escaped(text.substring(done))).toString();
    }

    private static String marked(MatchResult found) {
        if (found.group("code") != null) {
            return "<code>" + escaped(found.group("code")) + "</code>";
        }
        if (found.group("bold") != null) {
            return "<strong>" + inline(found.group("bold")) + "</strong>";
        }
        String target = found.group("target");
        String text = inline(found.group("text"));
        return target.startsWith("#") || target.startsWith("https://")
                ? "<a href=\"" + escaped(target) + "\">" + text + "</a>"
                : text;
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }
}
