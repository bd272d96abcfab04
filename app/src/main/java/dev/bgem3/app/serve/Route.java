package dev.bgem3.app.serve;

/**
 * What answers a method at a path.
 *
 * @param method
 *            {@code GET} or {@code POST}; what answers GET answers HEAD too
 * @param path
 *            matched whole
 * @param errors
 *            how its errors are written
 * @param open
 *            whether it answers without the API key
 * @param endpoint
 *            answers
 */
record Route(String method, String path, ErrorShape errors, boolean open, Endpoint endpoint) {
    /** Answers a request, or throws what {@link Refusal} turns into a status. */
    interface Endpoint {
        void answer(Exchange exchange);
    }

    static Route get(String path, Endpoint endpoint) {
        return new Route("GET", path, ErrorShape.TEI, false, endpoint);
    }

    static Route openGet(String path, Endpoint endpoint) {
        return new Route("GET", path, ErrorShape.TEI, true, endpoint);
    }

    static Route post(String path, Endpoint endpoint) {
        return new Route("POST", path, ErrorShape.TEI, false, endpoint);
    }

    Route withErrors(ErrorShape shape) {
        return new Route(method, path, shape, open, endpoint);
    }
}
