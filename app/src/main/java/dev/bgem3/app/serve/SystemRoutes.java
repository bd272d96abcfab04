package dev.bgem3.app.serve;

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
 */
record SystemRoutes(BooleanSupplier stopping, Metrics metrics) {
    private static final String PAGE = "/dev/bgem3/app/page/index.html";
    private static final String OPEN_API = "/dev/bgem3/app/serve/openapi.json";

    List<Route> routes() {
        return List.of(Route.openGet("/health", this::health), Route.openGet("/ping", this::health),
                Route.openGet("/", this::page), Route.get("/metrics", this::metrics),
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

    /** The page where there is one; else what text-embeddings-inference answers here, which is its health. */
    private void page(Exchange exchange) {
        if (SystemRoutes.class.getResource(PAGE) == null) {
            health(exchange);
            return;
        }
        exchange.bytes("text/html; charset=utf-8", resource(PAGE));
    }

    private static byte[] resource(String name) {
        try (InputStream in = SystemRoutes.class.getResourceAsStream(name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
