package dev.bgem3.app.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.BgeM3;
import dev.bgem3.EncodeQueue;
import dev.bgem3.RerankQueue;
import dev.bgem3.Reranker;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The OpenAPI document has exactly the server's routes. */
class DocumentedRoutesTest {
    @Test
    void documentHasEveryRoute() throws Exception {
        try (BgeM3 model = BgeM3.load(ServerFixture.MINI); EncodeQueue queue = EncodeQueue.of(model)) {
            Metrics metrics = new Metrics();
            Set<String> served = Routes
                    .of(new TextService(model, queue, ServerFixture.DEFAULTS, metrics), model.info(),
                            new Identity("mini", "1"), ServerFixture.DEFAULTS, metrics, () -> false)
                    .stream().map(route -> route.method() + " " + route.path()).collect(Collectors.toSet());
            assertThat(routesOfAReranker(metrics)).isEqualTo(served);
            JsonNode paths = ServerFixture.JSON
                    .readTree(TextServer.class.getResourceAsStream("openapi.json").readAllBytes())
                    .get("paths");
            Set<String> documented = paths.properties().stream()
                    .flatMap(path -> path.getValue().propertyNames().stream()
                            .map(method -> method.toUpperCase(Locale.ROOT) + " " + path.getKey()))
                    .collect(Collectors.toSet());
            assertThat(documented).isEqualTo(served);
        }
    }

    private static Set<String> routesOfAReranker(Metrics metrics) {
        try (Reranker model = Reranker.load(ServerFixture.ROOT.resolve("src/fixtures/tiny-reranker"));
                RerankQueue queue = RerankQueue.of(model)) {
            return Routes
                    .of(model, queue, new Identity("mini", "1"), ServerFixture.DEFAULTS, metrics, () -> false)
                    .stream().map(route -> route.method() + " " + route.path()).collect(Collectors.toSet());
        }
    }
}
