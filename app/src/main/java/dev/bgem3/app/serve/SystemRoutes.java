package dev.bgem3.app.serve;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * What tells of the server itself, and its page.
 *
 * @param stopping
 *            whether the server takes its leave
 */
record SystemRoutes(BooleanSupplier stopping) {
    private static final String PAGE = "/dev/bgem3/app/page/index.html";

    List<Route> routes() {
        return List.of(Route.openGet("/health", this::health), Route.openGet("/ping", this::health),
                Route.openGet("/", this::page));
    }

    private void health(Exchange exchange) {
        if (stopping.getAsBoolean()) {
            throw new RefusedException(Refusal.Kind.UNHEALTHY, "the server is stopping");
        }
        exchange.empty(200);
    }

    /** The page where there is one; else what text-embeddings-inference answers here, which is its health. */
    private void page(Exchange exchange) {
        try (InputStream in = SystemRoutes.class.getResourceAsStream(PAGE)) {
            if (in == null) {
                health(exchange);
                return;
            }
            exchange.bytes("text/html; charset=utf-8", in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
