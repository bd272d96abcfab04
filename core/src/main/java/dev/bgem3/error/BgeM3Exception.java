package dev.bgem3.error;

/**
 * The root of the exceptions that this module throws for problems with a model, an input or the machine. The
 * tokenizer, used by itself, throws its own {@link dev.bgem3.tokenizer.TokenizerException}.
 */
public abstract sealed class BgeM3Exception extends RuntimeException
        permits ModelException, InputException, NonFiniteOutputException, CancelledException,
        OverloadedException, TimedOutException, BackendException {
    private static final long serialVersionUID = 1L;

    BgeM3Exception(String message, Throwable cause) {
        super(message, cause);
    }
}
