package dev.bgem3.app.command;

import dev.bgem3.BgeM3;
import dev.bgem3.LoadOptions;
import dev.bgem3.Reranker;
import dev.bgem3.app.handler.ServeHandler;
import dev.bgem3.app.handler.UsageException;
import dev.bgem3.app.serve.ApiKey;
import dev.bgem3.app.serve.ServeOptions;
import dev.bgem3.app.serve.ServedModel;
import dev.bgem3.app.serve.TextServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "serve", description = """
        Serves a model over HTTP: the routes of text-embeddings-inference, OpenAI's /v1/embeddings, and \
        /v1/encode and /v1/score for all outputs of BGE-M3; or /rerank for a reranker.""", footer = {"", """
        The server listens on 127.0.0.1 by default and logs one line of JSON per request to standard error. \
        On SIGTERM or Ctrl-C it answers the requests that it has accepted, then stops. GET /openapi.json \
        describes the routes."""})
final class ServeCommand implements Callable<Integer> {
    private static final String KEY_VARIABLE = "BGEM3_API_KEY";
    private static final int DEFAULT_BATCH_SIZE = 2048;

    private final Session session;

    @Mixin
    private ModelOptions model;

    @Option(names = "--host", paramLabel = "ADDRESS", defaultValue = "127.0.0.1", description = """
            The address to listen on. 0.0.0.0 means all addresses of this machine: set an API key then. \
            Default: ${DEFAULT-VALUE}, which only this machine can reach.""")
    private String host;

    @Option(names = "--port", paramLabel = "N", defaultValue = "3000", description = """
            The port; 0 for any free one, which the start message names. Default: ${DEFAULT-VALUE}.""")
    private int port;

    @Option(names = "--api-key", paramLabel = "KEY", description = """
            The key that clients must send as "Authorization: Bearer KEY". Other users of this machine can \
            read it in the list of processes; $BGEM3_API_KEY or --api-key-file hides it from them.""")
    private Optional<String> apiKey = Optional.empty();

    @Option(names = "--api-key-file", paramLabel = "FILE", description = """
            A file with the API key as its only line.""")
    private Optional<Path> apiKeyFile = Optional.empty();

    @Option(names = "--max-concurrent-requests", paramLabel = "N", defaultValue = "512", description = """
            The maximum number of texts that wait in the queue or are computed at a time. A request is \
            answered 429 at once if there is no room for its first text; its other texts join the queue \
            when there is room for them. A lower limit keeps waits short, a higher one absorbs bursts. \
            Default: ${DEFAULT-VALUE}.""")
    private int maxConcurrentRequests;

    @Option(names = "--max-batch-tokens", paramLabel = "N", description = """
            The maximum number of tokens in a batch. Default: 4096 on a CPU, and what fits on a GPU.""")
    private Integer maxBatchTokens;

    @Option(names = "--max-client-batch-size", paramLabel = "N", description = """
            The maximum number of texts in a request. Default: 2048, as many as the clients of OpenAI's \
            interface send.""")
    private Integer maxClientBatchSize;

    @Option(names = "--payload-limit", paramLabel = "BYTES", description = """
            The maximum size of a request's body. The heap must be at least 28 times as large. \
            Default: 32000000, or what the heap has room for.""")
    private Integer payloadLimit;

    @Option(names = "--auto-truncate", paramLabel = "true|false", arity = "1", defaultValue = "true", //
            description = """
                    Whether to truncate a text that is too long if the request does not say. The response \
                    names the truncated texts. With false such a request is answered 422. \
                    Default: ${DEFAULT-VALUE}.""")
    private boolean autoTruncate;

    @Option(names = "--request-timeout", paramLabel = "SECONDS", defaultValue = "60", description = """
            How long a request may wait for the next result of one of its texts, before it is answered \
            504. \
            Default: ${DEFAULT-VALUE}.""")
    private int requestTimeout;

    @Option(names = "--shutdown-timeout", paramLabel = "SECONDS", defaultValue = "30", description = """
            How long a stop waits until accepted requests are answered. Default: ${DEFAULT-VALUE}.""")
    private int shutdownTimeout;

    @Option(names = "--foreign-token-ids", description = """
            Accept any token ids on /v1/embeddings. Without this, ids that do not begin and end like those \
            of the model's tokenizer are refused, since they are probably another tokenizer's.""")
    private boolean foreignTokenIds;

    ServeCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        ServeOptions options = OptionValues.checked(this::options);
        LoadOptions load = model.check();
        Path folder = model.folder(session);
        if (Reranker.isReranker(folder)) {
            if (foreignTokenIds) {
                throw new UsageException("--foreign-token-ids together with a reranker (expected: a model"
                        + " for vectors, whose /v1/embeddings takes token ids)");
            }
            try (Reranker loaded = Reranker.load(folder, load)) {
                serve(new ServedModel.CrossEncoder(loaded), options);
            }
        } else {
            try (BgeM3 loaded = BgeM3.load(folder, load)) {
                serve(new ServedModel.Encoder(loaded), options);
            }
        }
        return ExitCodes.DONE;
    }

    private void serve(ServedModel served, ServeOptions options) throws IOException {
        if (payloadLimit == null && options.payloadLimit() < ServeOptions.MAX_DEFAULT_PAYLOAD) {
            session.streams().say("payload limit: " + options.payloadLimit()
                    + " bytes, as many as the heap has room for (--payload-limit)");
        }
        new ServeHandler(served, Bgem3Command.Version.number(), options, session.streams()).run();
    }

    private ServeOptions options() {
        ServeOptions options = new ServeOptions(host, port, key().map(ApiKey::new), maxConcurrentRequests,
                maxBatchTokens == null ? OptionalInt.empty() : OptionalInt.of(maxBatchTokens),
                maxClientBatchSize == null ? DEFAULT_BATCH_SIZE : maxClientBatchSize,
                payloadLimit == null ? ServeOptions.defaultPayloadLimit() : payloadLimit, autoTruncate,
                Duration.ofSeconds(requestTimeout), Duration.ofSeconds(shutdownTimeout), foreignTokenIds);
        TextServer.requireRoom(options);
        if (maxClientBatchSize != null) {
            options.requirePayloadForBatch();
        }
        return options;
    }

    private Optional<String> key() {
        if (apiKey.isPresent() && apiKeyFile.isPresent()) {
            throw new UsageException("--api-key together with --api-key-file (expected: one or the other)");
        }
        if (apiKeyFile.isPresent()) {
            return Optional.of(keyIn(apiKeyFile.get()));
        }
        return apiKey.or(() -> Optional.ofNullable(session.environment().get(KEY_VARIABLE))
                .filter(key -> !key.isEmpty()));
    }

    private static String keyIn(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new UsageException("--api-key-file: " + file + ": cannot be read: " + e.getMessage()
                    + " (expected: a file with the key)", e);
        }
    }
}
