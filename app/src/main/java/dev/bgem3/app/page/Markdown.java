package dev.bgem3.app.page;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.commonmark.Extension;
import org.commonmark.ext.gfm.tables.TableBlock;
import org.commonmark.ext.gfm.tables.TablesExtension;
import org.commonmark.ext.heading.anchor.HeadingAnchorExtension;
import org.commonmark.node.AbstractVisitor;
import org.commonmark.node.CustomBlock;
import org.commonmark.node.Link;
import org.commonmark.node.Node;
import org.commonmark.parser.Parser;
import org.commonmark.renderer.NodeRenderer;
import org.commonmark.renderer.html.HtmlNodeRendererContext;
import org.commonmark.renderer.html.HtmlRenderer;

/**
 * Converts our documentation to HTML with commonmark-java. Links to other files become plain text, since the
 * server does not have these files. Tables and code scroll sideways on narrow screens, so the keyboard can
 * focus them.
 */
final class Markdown {
    private static final List<Extension> EXTENSIONS = List.of(TablesExtension.create(),
            HeadingAnchorExtension.create());
    private static final Parser PARSER = Parser.builder().extensions(EXTENSIONS).build();
    private static final HtmlRenderer RENDERER = HtmlRenderer.builder().extensions(EXTENSIONS)
            .escapeHtml(true).sanitizeUrls(true)
            .attributeProviderFactory(context -> Markdown::focusableCode)
            .nodeRendererFactory(ScrollerRenderer::new).build();

    private Markdown() {}

    static String html(String text) {
        Node document = PARSER.parse(text);
        document.accept(new PageVisitor());
        return RENDERER.render(document);
    }

    private static void focusableCode(Node node, String tag, Map<String, String> attributes) {
        if (tag.equals("pre")) {
            attributes.put("tabindex", "0");
        }
    }

    /** Replaces links that the server cannot serve by their text, and puts tables into scrollers. */
    private static final class PageVisitor extends AbstractVisitor {
        @Override
        public void visit(Link link) {
            visitChildren(link);
            String target = link.getDestination();
            if (!target.startsWith("#") && !target.startsWith("https://")) {
                while (link.getFirstChild() != null) {
                    link.insertBefore(link.getFirstChild());
                }
                link.unlink();
            }
        }

        @Override
        public void visit(CustomBlock block) {
            visitChildren(block);
            if (block instanceof TableBlock) {
                Scroller scroller = new Scroller();
                block.insertBefore(scroller);
                scroller.appendChild(block);
            }
        }
    }

    /** A box in which a table scrolls. */
    private static final class Scroller extends CustomBlock {}

    private record ScrollerRenderer(HtmlNodeRendererContext context) implements NodeRenderer {
        /** Sorted, so that each start gives the same page. */
        private static final Map<String, String> ATTRIBUTES = new TreeMap<>(
                Map.of("class", "scroller", "role", "group", "aria-label", "Table", "tabindex", "0"));

        @Override
        public Set<Class<? extends Node>> getNodeTypes() {
            return Set.of(Scroller.class);
        }

        @Override
        public void render(Node scroller) {
            context.getWriter().tag("div", ATTRIBUTES);
            context.render(scroller.getFirstChild());
            context.getWriter().tag("/div");
            context.getWriter().line();
        }
    }
}
