package dev.bgem3.app.serve;

import dev.bgem3.app.page.Page;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * The routes for the server's health, metrics, page and documentation.
 *
 * @param stopping
 *            returns whether the server is stopping
 * @param metrics
 *            the metrics that {@code GET /metrics} returns
 * @param page
 *            the page for browsers
 */
record SystemRoutes(BooleanSupplier stopping, Metrics metrics, Page page) {
    private static final String OPEN_API = "/dev/bgem3/app/serve/openapi.json";

    /** Created with the first request for it, since few servers get one and should start fast. */
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
     * Sends the page to clients that accept HTML, and to others the health, like text-embeddings-inference.
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
