package dev.bgem3.app.serve;

import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** All routes of a server. */
final class Routes {
    private Routes() {}

    static List<Route> of(TextService texts, String modelName, ServeOptions options,
            BooleanSupplier stopping) {
        return Stream.of(new SystemRoutes(stopping).routes(), new OpenAiRoutes(texts, modelName).routes())
                .flatMap(List::stream).toList();
    }
}
