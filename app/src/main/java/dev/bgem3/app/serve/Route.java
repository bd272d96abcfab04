package dev.bgem3.app.serve;

/**
 * A method and path, and the endpoint that answers them.
 *
 * @param method
 *            {@code GET} or {@code POST}; an endpoint for GET also answers HEAD
 * @param path
 *            the path, which must match exactly, or {@code /v1/models/{id}}
 * @param errors
 *            the format of its errors
 * @param open
 *            whether it needs no API key
 * @param endpoint
 *            answers the requests
 */
record Route(String method, String path, ErrorShape errors, boolean open, Endpoint endpoint) {
    /** The beginning of the paths of models. */
    static final String MODELS = "/v1/models/";

    /** Answers a request, or throws an exception that {@link Refusal} maps to a status. */
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

    /** Returns the {@link #path} of the route that a request's path belongs to. */
    static String path(String requested) {
        return requested.startsWith(MODELS) && requested.length() > MODELS.length()
                ? MODELS + "{id}"
                : requested;
    }

    Route withErrors(ErrorShape shape) {
        return new Route(method, path, shape, open, endpoint);
    }
}
