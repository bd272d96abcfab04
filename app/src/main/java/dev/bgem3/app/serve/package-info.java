/**
 * The HTTP server.
 *
 * <p>
 * Start with {@link dev.bgem3.app.serve.TextServer}. The {@code Gateway} gets each request, finds its {@code
 * Route} and passes it an {@code Exchange}. The routes are in {@code TeiEmbedRoutes}, {@code RankingRoutes},
 * {@code RerankRoutes}, {@code TokenRoutes}, {@code OpenAiRoutes}, {@code OwnRoutes}, {@code ModelRoute} and
 * {@code SystemRoutes}.
 * {@code TextService} computes the texts for them. Only {@code Refusal} maps exceptions to statuses.
 *
 * <p>
 * {@code HeapShares} divides the heap. Code that needs memory for a client first reserves it in a {@code
 * HeapBudget}: a {@code Connection} for what the client sends, an {@code Exchange} for what is computed from
 * it.
 *
 * <p>
 * A virtual thread serves each connection, one request at a time; all shared objects are thread-safe.
 */
package dev.bgem3.app.serve;
