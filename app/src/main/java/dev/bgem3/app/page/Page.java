package dev.bgem3.app.page;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A page of HTML that has its style, scripts and data in it and fetches nothing else.
 *
 * <p>
 * Its Content-Security-Policy names the digests of its own style and scripts: nothing that a text may smuggle
 * in runs.
 *
 * @param html
 *            the file
 * @param policy
 *            the Content-Security-Policy for its header; the file has the same in a {@code <meta>}
 */
public record Page(String html, String policy) {
    private static final String SHELL = resource("page.html");
    private static final String STYLE = resource("page.css");
    private static final String PICTURE = resource("picture.js");
    /** Markers of the template; what replaces them is not looked at again. */
    private static final String MARKER = "@";

    /**
     * The server's page: a form that asks the server it came from.
     *
     * @param keyRequired
     *            whether the server wants an API key
     */
    public static Page live(boolean keyRequired) {
        return picture(resource("links.html"), resource("form.html"),
                "{\"key_required\":" + keyRequired + "}", List.of(PICTURE, resource("live.js")),
                "connect-src 'self'; ");
    }

    /** A file that shows a picture and asks nobody. */
    public static Page of(Picture picture) {
        return picture("", "", PictureJson.of(picture), List.of(PICTURE, resource("still.js")), "");
    }

    /** The documentation of this version's server, for those who have nothing but the server. */
    public static Page documentation() {
        return of("bgem3: the server",
                filled(resource("docs.html"), Map.of("text", Markdown.html(resource("server.md")))),
                List.of(), "");
    }

    private static Page picture(String links, String form, String data, List<String> scripts,
            String connect) {
        Map<String, String> parts = Map.of("links", links, "form", form, "data", inScript(data), "scripts",
                scripts.stream().map(script -> "<script>" + script + "</script>")
                        .collect(Collectors.joining("\n")));
        return of("bgem3: a query beside passages", filled(resource("picture.html"), parts), scripts,
                connect);
    }

    private static Page of(String title, String body, List<String> scripts, String connect) {
        String policy = "default-src 'none'; script-src "
                + (scripts.isEmpty()
                        ? "'none'"
                        : scripts.stream().map(Page::source).collect(Collectors.joining(" ")))
                + "; style-src " + source(STYLE) + "; img-src data:; " + connect
                + "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; "
                + "trusted-types 'none'";
        String html = filled(SHELL, Map.of("policy", policy, "title", title, "style", STYLE, "body", body));
        // Only a header may say who may frame it.
        return new Page(html, policy + "; frame-ancestors 'none'");
    }

    /** A template with its parts in place of their markers. */
    private static String filled(String template, Map<String, String> parts) {
        StringBuilder html = new StringBuilder();
        String[] pieces = template.split(MARKER, -1);
        for (int i = 0; i < pieces.length; i++) {
            html.append(i % 2 == 0 ? pieces[i] : parts.get(pieces[i]));
        }
        return html.toString();
    }

    /**
     * JSON that no parser of HTML finds a tag, comment or entity in: outside of strings JSON has none of
     * these characters.
     */
    private static String inScript(String json) {
        return json.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026");
    }

    private static String source(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256")
                    .digest(text.getBytes(StandardCharsets.UTF_8));
            return "'sha256-" + Base64.getEncoder().encodeToString(digest) + "'";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // Every JDK has it.
        }
    }

    private static String resource(String name) {
        try (InputStream in = Page.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
