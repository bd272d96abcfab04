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
 * An HTML page that contains its style, scripts and data, and loads no other resources.
 *
 * <p>
 * Its Content-Security-Policy allows only its own style and scripts, by their digests, so that a script
 * smuggled into a text does not run.
 *
 * @param html
 *            the content of the file
 * @param policy
 *            the Content-Security-Policy header; the file has the same policy in a {@code <meta>} element
 */
public record Page(String html, String policy) {
    private static final String SHELL = resource("page.html");
    private static final String STYLE = resource("page.css");
    private static final String PICTURE = resource("picture.js");
    /** Encloses the names of a template's parts; the parts themselves are not scanned for it. */
    private static final String MARKER = "@";

    /**
     * Returns the server's page: a form that sends requests to the server that it came from.
     *
     * @param keyRequired
     *            whether the server requires an API key
     */
    public static Page live(boolean keyRequired) {
        return picture(resource("links.html"), resource("form.html"),
                "{\"key_required\":" + keyRequired + "}", List.of(PICTURE, resource("live.js")),
                "connect-src 'self'; ");
    }

    /** Returns a page that shows a picture and sends no requests. */
    public static Page of(Picture picture) {
        return picture("", "", PictureJson.of(picture), List.of(PICTURE, resource("still.js")), "");
    }

    /** Returns the documentation of this version's server, for clients that have only the server. */
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
        // frame-ancestors works only in a header.
        return new Page(html, policy + "; frame-ancestors 'none'");
    }

    /** Replaces the markers of a template by its parts. */
    private static String filled(String template, Map<String, String> parts) {
        StringBuilder html = new StringBuilder();
        String[] pieces = template.split(MARKER, -1);
        for (int i = 0; i < pieces.length; i++) {
            html.append(i % 2 == 0 ? pieces[i] : parts.get(pieces[i]));
        }
        return html.toString();
    }

    /**
     * Escapes JSON so that an HTML parser finds no tag, comment or entity in it. Outside of strings JSON has
     * none of these characters.
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
            throw new IllegalStateException(e); // Every JDK has SHA-256.
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
