package dev.bgem3.error;

/**
 * The root of every exception that the model's package throws for a model, an input or a machine that is not
 * as it should be. The tokenizer, used by itself, has its own {@link dev.bgem3.tokenizer.TokenizerException}.
 */
public abstract sealed class BgeM3Exception extends RuntimeException
        permits ModelException, InputException, NonFiniteOutputException, CancelledException,
        OverloadedException, TimedOutException, BackendException {
    private static final long serialVersionUID = 1L;

    BgeM3Exception(String message, Throwable cause) {
        super(message, cause);
    }
}
