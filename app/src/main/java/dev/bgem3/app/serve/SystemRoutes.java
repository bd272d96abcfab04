package dev.bgem3.app.serve;

import dev.bgem3.app.page.Page;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * What tells of the server itself, and its page.
 *
 * @param stopping
 *            whether the server takes its leave
 * @param metrics
 *            what {@code GET /metrics} shows
 * @param page
 *            what browsers get
 */
record SystemRoutes(BooleanSupplier stopping, Metrics metrics, Page page) {
    private static final String OPEN_API = "/dev/bgem3/app/serve/openapi.json";

    /** Made when it is first asked for: few servers are, and a start should be fast. */
    private static final class Documentation {
        static final Page PAGE = Page.documentation();
    }

    List<Route> routes() {
        return List.of(Route.openGet("/health", this::health), Route.openGet("/ping", this::health),
                Route.openGet("/", this::root), Route.get("/metrics", this::metrics),
                Route.openGet("/docs", exchange -> html(exchange, Documentation.PAGE)),
                Route.openGet("/openapi.json",
                        exchange -> exchange.bytes("application/json", resource(OPEN_API))));
    }

    private void health(Exchange exchange) {
        if (stopping.getAsBoolean()) {
            throw new RefusedException(Refusal.Kind.UNHEALTHY, "the server is stopping");
        }
        exchange.empty(200);
    }

    private void metrics(Exchange exchange) {
        exchange.bytes(Metrics.CONTENT_TYPE, metrics.scrape().getBytes(StandardCharsets.UTF_8));
    }

    /**
     * The page for who asks for HTML; for others what text-embeddings-inference answers here, which is its
     * health.
     */
    private void root(Exchange exchange) {
        exchange.header("Vary", "Accept");
        if (!exchange.accepts("text/html")) {
            health(exchange);
            return;
        }
        html(exchange, page);
    }

    private static void html(Exchange exchange, Page page) {
        exchange.header("Content-Security-Policy", page.policy());
        exchange.header("X-Content-Type-Options", "nosniff");
        exchange.header("Referrer-Policy", "no-referrer");
        exchange.header("Cache-Control", "no-cache");
        exchange.bytes("text/html; charset=utf-8", page.html().getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] resource(String name) {
        try (InputStream in = SystemRoutes.class.getResourceAsStream(name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
