package dev.bgem3.app.serve;

import dev.bgem3.ModelInfo;
import dev.bgem3.app.page.Page;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** All routes of a server. */
final class Routes {
    private Routes() {}

    static List<Route> of(TextService texts, ModelInfo info, Identity identity, ServeOptions options,
            Metrics metrics,
            BooleanSupplier stopping) {
        Tokenization tokenization = texts.tokenization();
        return Stream
                .of(new SystemRoutes(stopping, metrics, Page.live(options.apiKey().isPresent())).routes(),
                        List.of(new ModelRoute(info, identity, options).route()),
                        new OpenAiRoutes(texts, identity.modelName()).routes(),
                        new OwnRoutes(texts, tokenization.tokenizer(), identity.modelName()).routes(),
                        new TeiEmbedRoutes(texts).routes(),
                        new TokenRoutes(tokenization, count -> texts.countWithin("inputs", count)).routes())
                .flatMap(List::stream).toList();
    }
}
