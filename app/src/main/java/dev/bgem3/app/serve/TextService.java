package dev.bgem3.app.serve;

import dev.bgem3.BgeM3;
import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.EncodeQueue;
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
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/** What the routes have done to texts: counted, cut into tokens, computed. Thread-safe. */
final class TextService {
    /** Vectors of each token may take this part of the heap, beside what reads and writes them. */
    private static final int HEAP_PARTS = 4;

    private final BgeM3 model;
    private final EncodeQueue queue;
    private final ServeOptions options;
    private final Metrics metrics;
    private final Tokenization tokenization;
    private final String computeType;
    private final VectorBudget budget = new VectorBudget(Runtime.getRuntime().maxMemory() / HEAP_PARTS);

    TextService(BgeM3 model, EncodeQueue queue, ServeOptions options, Metrics metrics) {
        this.metrics = metrics;
        this.model = model;
        this.queue = queue;
        this.options = options;
        tokenization = new Tokenization(model.tokenizer(), model.info().maxLength(), options.autoTruncate(),
                Map.of());
        computeType = model.info().devices().getFirst().startsWith("cuda") ? "gpu" : "cpu";
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
        return encodeCounted(exchange, field, inputs, texts, maxLength, what);
    }

    /** As {@code encode}, where the route itself has counted. */
    Encoded encodeCounted(Exchange exchange, String field, Inputs inputs, TextOptions texts,
            OptionalInt maxLength,
            EncodeOptions.Builder what) {
        refuseOverload(inputs.items().size());
        long start = System.nanoTime();
        int limit = limit(maxLength);
        List<Encoded.Tokens> tokens = new ArrayList<>(inputs.items().size());
        for (Input input : inputs.items()) {
            String place = inputs.single() ? field : field + "[" + tokens.size() + "]";
            tokens.add(tokenization.of(input, place, texts, limit));
        }
        EncodeOptions computing = what.build();
        exchange.hold(budget.take(bytesOfTokens(computing, tokens)));
        Duration tokenizing = Duration.ofNanos(System.nanoTime() - start);
        metrics.begun(tokens.size());
        QueueResult<Embedding> computed = exchange
                .await(queue.encodeTokenIds(tokens.stream().map(Encoded.Tokens::ids).toList(), computing));
        Encoded encoded = new Encoded(computed.results(), tokens);
        Work work = new Work(tokens.size(), tokens.stream().mapToLong(Encoded.Tokens::characters).sum(),
                computed.tokens(), tokenizing.plus(computed.tokenizing()), computed.waiting(),
                computed.computing());
        metrics.computed(work, tokens);
        exchange.worked(work, computeType);
        sayWhatWasCut(exchange, encoded);
        return encoded;
    }

    private int limit(OptionalInt maxLength) {
        if (maxLength.orElse(2) > tokenization.maxLength()) {
            throw new InvalidRequestException(Fault.VALIDATION,
                    "max_length: " + maxLength.getAsInt() + " (expected: 2.."
                            + tokenization.maxLength() + ", the model's limit)");
        }
        return maxLength.orElse(tokenization.maxLength());
    }

    /** The heap that outputs of each token take, until they are sent. */
    private long bytesOfTokens(EncodeOptions what, List<Encoded.Tokens> texts) {
        long tokens = texts.stream().mapToLong(text -> text.ids().length).sum();
        return what.outputs().contains(Output.COLBERT)
                ? tokens * model.info().colbertDimension() * Float.BYTES
                : 0;
    }

    /** Whether the model has all heads of BGE-M3. */
    boolean hasAllOutputs() {
        return model.info().outputs().containsAll(Set.of(Output.DENSE, Output.SPARSE, Output.COLBERT));
    }

    /** Refuses at once, before any work, what the queue would refuse after its tokens are counted. */
    private void refuseOverload(int count) {
        int free = queue.state().freePermits();
        if (count > free && count <= options.maxConcurrentRequests()) {
            throw new RefusedException(Refusal.Kind.OVERLOADED,
                    "Model is overloaded: " + count + " texts, room for " + free
                            + " of " + options.maxConcurrentRequests() + " (--max-concurrent-requests)");
        }
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
        if (count == 0) {
            throw new InvalidRequestException(Fault.EMPTY, field + ": empty (expected: at least one text)");
        }
        if (count > options.maxClientBatchSize()) {
            throw new InvalidRequestException(Fault.VALIDATION, field + ": batch size " + count
                    + " > maximum allowed batch size " + options.maxClientBatchSize()
                    + " (--max-client-batch-size)");
        }
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

    /** Shapes that have no room for it get it as a header: nothing is cut in silence. */
    private static void sayWhatWasCut(Exchange exchange, Encoded encoded) {
        List<Integer> truncated = encoded.truncated();
        if (!truncated.isEmpty()) {
            exchange.header("x-truncated-inputs",
                    truncated.stream().map(String::valueOf).collect(Collectors.joining(",")));
        }
    }
}
