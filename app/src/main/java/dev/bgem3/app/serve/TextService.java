package dev.bgem3.app.serve;

import dev.bgem3.BgeM3;
import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.EncodeQueue;
import dev.bgem3.ModelInfo;
import dev.bgem3.Output;
import dev.bgem3.QueueResult;
import dev.bgem3.app.api.Input;
import dev.bgem3.app.api.Inputs;
import dev.bgem3.app.api.InvalidRequestException;
import dev.bgem3.app.api.InvalidRequestException.Fault;
import dev.bgem3.app.api.TextOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntFunction;

/** What the routes have done to texts: counted, cut into tokens, computed. Thread-safe. */
final class TextService {
    private final BgeM3 model;
    private final EncodeQueue queue;
    private final Admission admission;
    private final Metrics metrics;
    private final Tokenization tokenization;
    private final String computeType;

    TextService(BgeM3 model, EncodeQueue queue, ServeOptions options, Metrics metrics) {
        this.metrics = metrics;
        this.model = model;
        this.queue = queue;
        admission = new Admission(options, queue::state);
        tokenization = new Tokenization(model.tokenizer(), model.info().maxLength(),
                model.info().defaultMaxLength(),
                options.autoTruncate(),
                model.info().prompts());
        computeType = Admission.computeType(model.info().devices());
    }

    Tokenization tokenization() {
        return tokenization;
    }

    /**
     * Computes the texts of a request.
     *
     * @param field
     *            what the request calls them
     * @param maxLength
     *            the most tokens of each; empty for the model's own
     */
    Encoded encode(Exchange exchange, String field, Inputs inputs, TextOptions texts, OptionalInt maxLength,
            EncodeOptions.Builder what) {
        countWithin(field, inputs.items().size());
        String prompt = model.info().defaultPrompt();
        Encoded encoded = encode(exchange, inputs.items(),
                i -> inputs.single() ? field : field + "[" + i + "]", _ -> prompt, texts, maxLength, what);
        Admission.sayWhatWasCut(exchange, encoded.truncated(String::valueOf));
        return encoded;
    }

    /**
     * As {@code encode} for texts that are compared, the one the result's first; the route itself has counted
     * the others.
     */
    Encoded encodeAlike(Exchange exchange, Comparison compared, TextOptions texts) {
        String prompt = model.info().defaultPrompt();
        return encode(exchange, compared, _ -> prompt, texts, OptionalInt.empty(), EncodeOptions.builder());
    }

    /** As {@code encodeAlike} for a query and passages, each with its prompt. */
    Encoded encodePairs(Exchange exchange, Comparison compared, TextOptions texts, OptionalInt maxLength,
            EncodeOptions.Builder what) {
        ModelInfo info = model.info();
        return encode(exchange, compared, i -> i == 0 ? info.queryPrompt() : info.passagePrompt(), texts,
                maxLength, what);
    }

    private Encoded encode(Exchange exchange, Comparison compared, IntFunction<String> prompts,
            TextOptions texts, OptionalInt maxLength, EncodeOptions.Builder what) {
        Encoded encoded = encode(exchange, compared.inputs(), compared::place, prompts, texts, maxLength,
                what);
        Admission.sayWhatWasCut(exchange, encoded.truncated(compared::shortPlace));
        return encoded;
    }

    /** Each text comes after its prompt unless the request names another, or none. */
    private Encoded encode(Exchange exchange, List<Input> inputs, IntFunction<String> places,
            IntFunction<String> prompts, TextOptions texts, OptionalInt maxLength,
            EncodeOptions.Builder what) {
        admission.refuseOverload(inputs.size());
        long start = System.nanoTime();
        checkLimit(maxLength);
        exchange.room(tokenization.heapToCut(inputs, maxLength));
        List<Encoded.Tokens> tokens = new ArrayList<>(inputs.size());
        for (int i = 0; i < inputs.size(); i++) {
            tokens.add(tokenization.of(inputs.get(i), places.apply(i), prompts.apply(i), texts, maxLength));
        }
        EncodeOptions computing = what.build();
        exchange.room(bytesOfResults(computing, tokens));
        exchange.roomForVectors(bytesOfTokens(computing, tokens));
        Duration tokenizing = Duration.ofNanos(System.nanoTime() - start);
        metrics.begun(tokens.size());
        QueueResult<Embedding> computed = exchange
                .await(queue.encodeTokenIds(tokens.stream().map(Encoded.Tokens::ids).toList(), computing));
        Encoded encoded = new Encoded(computed.results(), tokens);
        Work work = new Work(tokens.size(), tokens.stream().mapToLong(Encoded.Tokens::characters).sum(),
                computed.tokens(), tokenizing.plus(computed.tokenizing()), computed.waiting(),
                computed.computing());
        metrics.computed(work, tokens.stream().mapToInt(text -> text.ids().length));
        exchange.worked(work, computeType);
        return encoded;
    }

    private void checkLimit(OptionalInt maxLength) {
        if (maxLength.orElse(2) > tokenization.maxLength()) {
            throw new InvalidRequestException(Fault.VALIDATION,
                    "max_length: " + maxLength.getAsInt() + " (expected: 2.."
                            + tokenization.maxLength() + ", the model's limit)");
        }
    }

    /** The heap for the tokens, the outputs but those of each token, and the buffer of a large answer. */
    private long bytesOfResults(EncodeOptions what, List<Encoded.Tokens> texts) {
        long tokens = texts.stream().mapToLong(text -> text.ids().length).sum();
        long numbers = (what.outputs().contains(Output.DENSE)
                ? (long) texts.size() * model.info().hiddenSize()
                : 0) + (what.outputs().contains(Output.SPARSE) ? 2 * tokens : 0);
        return Tokenization.ID_BYTES * tokens + numbers * Float.BYTES
                + Math.min(AnswerStream.MAX_BYTES, numbers * AnswerStream.NUMBER_BYTES);
    }

    /** The heap that outputs of each token take, until they are sent. */
    private long bytesOfTokens(EncodeOptions what, List<Encoded.Tokens> texts) {
        long tokens = texts.stream().mapToLong(text -> text.ids().length).sum();
        int numbers = (what.outputs().contains(Output.COLBERT) ? model.info().colbertDimension() : 0)
                + (what.tokenStates() ? model.info().hiddenSize() : 0);
        return tokens * numbers * Float.BYTES;
    }

    /** Whether the model has all heads of BGE-M3. */
    boolean hasAllOutputs() {
        return model.info().outputs().containsAll(Set.of(Output.DENSE, Output.SPARSE, Output.COLBERT));
    }

    /** Keeps so many dimensions of dense vectors, where that is asked for. */
    void keepDimensions(EncodeOptions.Builder what, OptionalInt dimensions) {
        int most = model.info().hiddenSize();
        if (dimensions.orElse(1) > most) {
            throw new InvalidRequestException(Fault.VALIDATION,
                    "dimensions: " + dimensions.getAsInt() + " (expected: 1.." + most + ")");
        }
        dimensions.ifPresent(what::truncateDim);
    }

    /** Refuses a request of no text, or of too many. */
    void countWithin(String field, int count) {
        admission.countWithin(field, count);
    }

    /** Refuses empty texts, as the routes of others do. */
    static void refuseEmpty(String field, Inputs inputs) {
        for (int i = 0; i < inputs.items().size(); i++) {
            boolean empty = switch (inputs.items().get(i)) {
                case Input.Text(String text) -> text.isEmpty();
                case Input.TokenIds(int[] ids) -> ids.length == 0;
            };
            if (empty) {
                throw new InvalidRequestException(Fault.EMPTY,
                        (inputs.single() ? field : field + "[" + i + "]") + ": empty (expected: a text)");
            }
        }
    }
}
