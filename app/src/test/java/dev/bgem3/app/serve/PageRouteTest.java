package dev.bgem3.app.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Tests the server's page as a client receives it. */
class PageRouteTest extends OnMiniServer {
    private static final Pattern SCRIPT = Pattern.compile("<script>(.*?)</script>", Pattern.DOTALL);
    private static final Pattern STYLE = Pattern.compile("<style>(.*?)</style>", Pattern.DOTALL);
    private static final Pattern LINK = Pattern.compile("<a href=\"(.*?)\"");

    private static HttpResponse<String> page(ServerFixture of) throws Exception {
        return of.send(of.request("/").header("Accept", "text/html").build());
    }

    private static String digest(MatchResult inline) {
        try {
            return "'sha256-" + Base64.getEncoder().encodeToString(MessageDigest.getInstance("SHA-256")
                    .digest(inline.group(1).getBytes(StandardCharsets.UTF_8))) + "'";
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void policyAllowsOnlyThePagesOwnStyleAndScripts() throws Exception {
        HttpResponse<String> page = page(server);
        String policy = page.headers().firstValue("Content-Security-Policy").orElseThrow();
        List<String> scripts = SCRIPT.matcher(page.body()).results().map(PageRouteTest::digest).toList();
        List<String> styles = STYLE.matcher(page.body()).results().map(PageRouteTest::digest).toList();
        assertThat(scripts).hasSize(2);
        assertThat(policy.split("; ")).containsExactly("default-src 'none'",
                "script-src " + String.join(" ", scripts),
                "style-src " + String.join(" ", styles), "img-src data:", "connect-src 'self'",
                "base-uri 'none'",
                "form-action 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
                "frame-ancestors 'none'");
        assertThat(page.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
        assertThat(page.headers().firstValue("Referrer-Policy")).hasValue("no-referrer");
        assertThat(page.headers().firstValue("Content-Type")).hasValue("text/html; charset=utf-8");
    }

    @Test
    void pageLoadsNoOtherResources() throws Exception {
        assertThat(page(server).body().replace("http://www.w3.org/2000/svg", "")).doesNotContain("http:",
                "https:",
                "src=", "url(", "@import", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
                "eval(");
    }

    @Test
    void linksOnlyToTheServersOwnDocumentation() throws Exception {
        List<String> links = LINK.matcher(page(server).body()).results().map(link -> link.group(1)).toList();
        assertThat(links).containsExactly("docs", "openapi.json");
        for (String link : links) {
            assertThat(server.send(server.request("/" + link).build()).statusCode()).as(link).isEqualTo(200);
        }
        HttpResponse<String> docs = server.send(server.request("/docs").build());
        assertThat(docs.headers().firstValue("Content-Type")).hasValue("text/html; charset=utf-8");
        assertThat(docs.headers().firstValue("Content-Security-Policy").orElseThrow())
                .startsWith("default-src 'none'; script-src 'none'; style-src 'sha256-")
                .endsWith("frame-ancestors 'none'");
        assertThat(docs.body()).contains("POST /v1/score", "--payload-limit").doesNotContain("<script",
                "src=");
    }

    @Test
    void pageNeedsNoKeyAndSaysWhetherOneIsRequired() throws Exception {
        ServeOptions options = new ServeOptions("127.0.0.1", 0, Optional.of(new ApiKey("a-secret-key")), 512,
                OptionalInt.empty(), 32, 2_000_000, true, ServerFixture.DEFAULTS.requestTimeout(),
                ServerFixture.DEFAULTS.shutdownTimeout(), false);
        try (ServerFixture locked = new ServerFixture(model, options)) {
            assertThat(page(locked).statusCode()).isEqualTo(200);
            assertThat(locked.send(locked.request("/docs").build()).statusCode()).isEqualTo(200);
            assertThat(page(locked).body()).contains("{\"key_required\":true}").doesNotContain("a-secret-key",
                    "mini");
        }
        assertThat(page(server).body()).contains("{\"key_required\":false}");
    }
}
