package dev.bgem3.app.serve;

import dev.bgem3.app.api.InvalidRequestException;
import dev.bgem3.error.BackendException;
import dev.bgem3.error.BgeM3Exception;
import dev.bgem3.error.CancelledException;
import dev.bgem3.error.InputException;
import dev.bgem3.error.ModelException;
import dev.bgem3.error.NonFiniteOutputException;
import dev.bgem3.error.OverloadedException;
import dev.bgem3.error.TimedOutException;
import dev.bgem3.tokenizer.TokenizerException;

/**
 * The reason why a request gets no result. Only this class maps exceptions to statuses.
 *
 * @param kind
 *            the kind of reason
 * @param message
 *            the message for the client; it may quote the client's text and is never logged
 */
record Refusal(Kind kind, String message) {
    /** The kinds of reasons, with text-embeddings-inference's statuses and names. */
    enum Kind {
        SYNTAX(400, "Validation"), EMPTY(400, "Empty"), UNAUTHORIZED(401, "Unauthorized"), NOT_FOUND(404,
                "NotFound"), METHOD(405, "MethodNotAllowed"), SLOW_CLIENT(408, "Timeout"), TOO_LARGE(413,
                        "Validation"), VALIDATION(422, "Validation"), TOKENIZER(422, "Tokenizer"), BACKEND(
                                424,
                                "Backend"), OVERLOADED(429, "Overloaded"), CLIENT_LEFT(499,
                                        "ClientLeft"), UNEXPECTED(
                                                500, "Backend"), UNHEALTHY(503,
                                                        "Unhealthy"), TIMEOUT(504, "Timeout");

        private final int status;
        private final String label;

        Kind(int status, String label) {
            this.status = status;
            this.label = label;
        }

        int status() {
            return status;
        }

        /** Returns the {@code error_type} of responses. */
        String label() {
            return label;
        }
    }

    static Refusal of(Throwable failure) {
        return switch (failure) {
            case RefusedException e -> e.refusal();
            case InvalidRequestException e -> new Refusal(kind(e.fault()), e.getMessage());
            case TimedOutException e ->
                new Refusal(Kind.TIMEOUT, e.getMessage() + " (--request-timeout)");
            case BgeM3Exception e -> new Refusal(kind(e), e.getMessage());
            case TokenizerException e -> new Refusal(Kind.TOKENIZER, e.getMessage());
            case OutOfMemoryError _ -> new Refusal(Kind.BACKEND,
                    "out of memory: ask for fewer texts or outputs at a time");
            default -> new Refusal(Kind.UNEXPECTED, "unexpected " + failure.getClass().getSimpleName());
        };
    }

    private static Kind kind(InvalidRequestException.Fault fault) {
        return switch (fault) {
            case SYNTAX -> Kind.SYNTAX;
            case EMPTY -> Kind.EMPTY;
            case VALIDATION -> Kind.VALIDATION;
            case TOKENIZER -> Kind.TOKENIZER;
        };
    }

    private static Kind kind(BgeM3Exception failure) {
        return switch (failure) {
            case InputException _ -> Kind.VALIDATION;
            case ModelException _,NonFiniteOutputException _,BackendException _ -> Kind.BACKEND;
            case OverloadedException _ -> Kind.OVERLOADED;
            case TimedOutException _ -> Kind.TIMEOUT;
            case CancelledException _ -> Kind.CLIENT_LEFT;
        };
    }
}
