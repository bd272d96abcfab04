/**
 * The HTTP server.
 *
 * <p>
 * Start with {@link dev.bgem3.app.serve.TextServer}. Each request comes to the {@code Gateway}, which finds
 * its {@code Route} and hands it an {@code Exchange}; the routes are in {@code TeiEmbedRoutes}, {@code
 * RerankRoutes}, {@code TokenRoutes}, {@code OpenAiRoutes}, {@code OwnRoutes} and {@code SystemRoutes}. They
 * have their texts computed by {@code TextService}. What goes wrong becomes a status in {@code Refusal} and
 * nowhere else.
 *
 * <p>
 * {@code HeapShares} divides the heap. Code that needs memory for a client takes it from a
 * {@code HeapBudget} first: a {@code Connection} for what the client sends, an {@code Exchange} for what
 * is computed from it.
 *
 * <p>
 * A virtual thread serves each connection, a request at a time; whatever is shared is thread-safe.
 */
package dev.bgem3.app.serve;
