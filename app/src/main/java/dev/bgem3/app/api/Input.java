package dev.bgem3.app.api;

/** One of the things that a request has vectors made of. */
public sealed interface Input {
    /** A text, which the server cuts into tokens. */
    record Text(String text) implements Input {}

    /**
     * Tokens as the model reads them: nothing is put around them.
     *
     * @param ids
     *            at least 0 each; shared, not copied
     */
    record TokenIds(int[] ids) implements Input {}
}
