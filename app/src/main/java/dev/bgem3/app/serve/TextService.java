package dev.bgem3.app.serve;

import dev.bgem3.BgeM3;
import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.EncodeQueue;
import dev.bgem3.Output;
import dev.bgem3.QueueResult;
import dev.bgem3.TextInput;
import dev.bgem3.app.api.InvalidRequestException;
import dev.bgem3.app.api.InvalidRequestException.Fault;
import dev.bgem3.app.api.TextOptions;
import dev.bgem3.tokenizer.Tokenizer;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntFunction;

/** Checks, tokenizes and computes texts for the routes. Thread-safe. */
final class TextService {
    private final BgeM3 model;
    private final EncodeQueue queue;
    private final Admission admission;
    private final Metrics metrics;
    private final Prompts prompts;
    private final HeapCost heapCost;
    private final boolean autoTruncate;
    private final String computeType;

    TextService(BgeM3 model, EncodeQueue queue, ServeOptions options, Metrics metrics) {
        this.metrics = metrics;
        this.model = model;
        this.queue = queue;
        admission = new Admission(options, queue::state);
        prompts = new Prompts(model.info().prompts());
        heapCost = new HeapCost(model.info().maxLength(), model.info().defaultMaxLength());
        autoTruncate = options.autoTruncate();
        computeType = Admission.computeType(model.info().devices());
    }

    Tokenizer tokenizer() {
        return model.tokenizer();
    }

    /**
     * Computes the inputs of a request, each with the prompt of its kind unless the request names another
     * prompt or none.
     *
     * @param field
     *            the request's field for the inputs
     * @param maxLength
     *            the maximum number of tokens in each; empty for the model's default
     */
    Encoded encode(Exchange exchange, String field, List<TextInput> inputs, TextOptions texts,
            OptionalInt maxLength, EncodeOptions.Builder what) {
        countWithin(field, inputs.size());
        return encode(exchange, inputs, String::valueOf, texts, maxLength, what);
    }

    /**
     * Like {@code encode}, for texts to compare: the first result is that of {@code one}. The route must have
     * checked the number of the others.
     */
    Encoded encode(Exchange exchange, Comparison compared, TextOptions texts, OptionalInt maxLength,
            EncodeOptions.Builder what) {
        return encode(exchange, compared.inputs(), compared::shortPlace, texts, maxLength, what);
    }

    private Encoded encode(Exchange exchange, List<TextInput> inputs, IntFunction<String> shortPlaces,
            TextOptions texts, OptionalInt maxLength, EncodeOptions.Builder what) {
        admission.rejectOverload();
        long start = System.nanoTime();
        checkLimit(maxLength);
        exchange.room(heapCost.heapToTokenize(inputs, maxLength));
        inputs.forEach(input -> checkTokenIds(input, texts));
        maxLength.ifPresent(what::maxLength);
        prompts.chosen(texts).ifPresent(what::instruction);
        EncodeOptions computing = what.truncation(texts.direction()).build();
        List<TextInput.Tokens> tokens = model.tokenize(inputs, computing);
        if (!texts.truncate().orElse(autoTruncate)) {
            tokens.forEach(TextService::rejectTruncated);
        }
        exchange.room(bytesOfResults(computing, tokens));
        exchange.roomForVectors(bytesOfTokens(computing, tokens));
        Duration tokenizing = Duration.ofNanos(System.nanoTime() - start);
        metrics.begun(tokens.size());
        QueueResult<Embedding> computed = exchange.await(queue.encodeInputs(tokens, computing));
        Encoded encoded = new Encoded(computed.results(), tokens);
        Work work = new Work(tokens.size(), tokens.stream().mapToLong(TextInput.Tokens::characterCount).sum(),
                computed.tokens(), tokenizing.plus(computed.tokenizing()), computed.waiting(),
                computed.computing());
        metrics.computed(work, tokens.stream().mapToInt(TextInput.Tokens::tokenCount));
        exchange.worked(work, computeType);
        Admission.reportTruncated(exchange, encoded.truncated(shortPlaces));
        return encoded;
    }

    private void checkLimit(OptionalInt maxLength) {
        int max = model.info().maxLength();
        if (maxLength.orElse(2) > max) {
            throw new InvalidRequestException(Fault.VALIDATION,
                    "max_length: " + maxLength.getAsInt() + " (expected: 2.." + max
                            + ", the model's limit)");
        }
    }

    /** Rejects token ids that the tokenizer does not have, or that come with the name of a prompt. */
    private void checkTokenIds(TextInput input, TextOptions texts) {
        if (input instanceof TextInput.Tokens tokens) {
            String place = tokens.place().orElseThrow();
            if (texts.namesPrompt()) {
                throw new InvalidRequestException(Fault.VALIDATION,
                        place + ": token ids together with a prompt_name (expected: a text)");
            }
            TokenRoutes.requireKnown(place + ": token id ", tokens.tokenIds(), model.tokenizer());
        }
    }

    private static void rejectTruncated(TextInput.Tokens text) {
        if (text.truncated()) {
            throw new InvalidRequestException(Fault.VALIDATION,
                    text.place().orElseThrow() + ": " + text.fullTokenCount() + " tokens (expected: at most "
                            + text.tokenCount() + "; \"truncate\": true cuts it)");
        }
    }

    /** Returns the heap for the tokens, the outputs per text, and the buffer of a large response. */
    private long bytesOfResults(EncodeOptions what, List<TextInput.Tokens> texts) {
        long tokens = texts.stream().mapToLong(TextInput.Tokens::tokenCount).sum();
        long numbers = (what.outputs().contains(Output.DENSE)
                ? (long) texts.size() * model.info().denseDimension()
                : 0) + (what.outputs().contains(Output.SPARSE) ? 2 * tokens : 0);
        return HeapCost.ID_BYTES * tokens + numbers * Float.BYTES
                + Math.min(ResponseStream.MAX_BYTES, numbers * ResponseStream.NUMBER_BYTES);
    }

    /** Returns the heap for the outputs per token, until they are sent. */
    private long bytesOfTokens(EncodeOptions what, List<TextInput.Tokens> texts) {
        long tokens = texts.stream().mapToLong(TextInput.Tokens::tokenCount).sum();
        int numbers = (what.outputs().contains(Output.COLBERT) ? model.info().colbertDimension() : 0)
                + (what.tokenStates() ? model.info().hiddenSize() : 0);
        return tokens * numbers * Float.BYTES;
    }

    /** Returns whether the model has all of BGE-M3's outputs. */
    boolean hasAllOutputs() {
        return model.info().outputs().containsAll(Set.of(Output.DENSE, Output.SPARSE, Output.COLBERT));
    }

    /** Sets the number of dimensions of dense vectors, if requested. */
    void keepDimensions(EncodeOptions.Builder what, OptionalInt dimensions) {
        int max = model.info().denseDimension();
        if (dimensions.orElse(1) > max) {
            throw new InvalidRequestException(Fault.VALIDATION,
                    "dimensions: " + dimensions.getAsInt() + " (expected: 1.." + max + ")");
        }
        dimensions.ifPresent(what::truncateDim);
    }

    /** Rejects a request without texts, or with too many. */
    void countWithin(String field, int count) {
        admission.countWithin(field, count);
    }

    /** Rejects empty texts, as text-embeddings-inference and OpenAI do. */
    static void rejectEmpty(List<? extends TextInput> inputs) {
        for (TextInput input : inputs) {
            boolean empty = switch (input) {
                case TextInput.Text text -> text.text().isEmpty();
                case TextInput.Tokens tokens -> tokens.tokenCount() == 0;
            };
            if (empty) {
                throw new InvalidRequestException(Fault.EMPTY,
                        input.place().orElseThrow() + ": empty (expected: a text)");
            }
        }
    }
}
