package dev.bgem3.app.serve;

import dev.bgem3.ModelInfo;
import dev.bgem3.RerankQueue;
import dev.bgem3.Reranker;
import dev.bgem3.app.page.Page;
import dev.bgem3.tokenizer.Tokenizer;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** Creates all routes of a server. */
final class Routes {
    private Routes() {}

    /** Returns the routes for a model that encodes texts. */
    static List<Route> of(TextService texts, ModelInfo info, Identity identity, ServeOptions options,
            Metrics metrics,
            BooleanSupplier stopping) {
        Tokenizer tokenizer = texts.tokenizer();
        return Stream.of(
                new SystemRoutes(stopping, metrics, Page.live(options.apiKey().isPresent())).routes(),
                List.of(new ModelRoute(info, identity, options).route()),
                new OpenAiRoutes(texts, identity.modelName(), options.foreignTokenIds()).routes(),
                new RankingRoutes(identity.modelName(), new HybridRanker(texts)).routes(),
                new OwnRoutes(texts, tokenizer, identity.modelName()).routes(),
                new TeiEmbedRoutes(texts).routes(),
                new TokenRoutes(tokenizer, new Prompts(info.prompts()), info.defaultPrompt(),
                        texts::countWithin).routes())
                .flatMap(List::stream).toList();
    }

    /** Returns the routes for a reranker. */
    static List<Route> of(Reranker model, RerankQueue queue, Identity identity, ServeOptions options,
            Metrics metrics, BooleanSupplier stopping) {
        ModelInfo info = model.info();
        Admission admission = new Admission(options, queue::state);
        return Stream.of(
                new SystemRoutes(stopping, metrics, Page.live(options.apiKey().isPresent())).routes(),
                List.of(new ModelRoute(info, identity, options).route()),
                OpenAiRoutes.models(identity.modelName()),
                new RerankRoutes(queue, info, options.autoTruncate(), identity.modelName(), admission,
                        metrics).routes(),
                new TokenRoutes(model.tokenizer(), new Prompts(info.prompts()), info.defaultPrompt(),
                        admission::countWithin).routes())
                .flatMap(List::stream).toList();
    }
}
