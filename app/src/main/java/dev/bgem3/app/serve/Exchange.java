package dev.bgem3.app.serve;

import dev.bgem3.app.api.Fields;
import dev.bgem3.app.api.RequestJson;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import tools.jackson.core.JsonEncoding;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** One request and its answer, for the thread that serves it. */
final class Exchange {
    /** How long a result is waited for before the client is looked after: most are there by then. */
    private static final Duration PATIENCE = Duration.ofMillis(200);
    private static final Duration LOOK_EVERY = Duration.ofMillis(100);
    /** The weight of a media type that the client does not want. */
    private static final Pattern REFUSED = Pattern.compile("\\s*[qQ]\\s*=\\s*0(\\.0*)?\\s*");
    private static final JsonFactory JSON = JsonFactory.builder().build();

    private final ServerRequest request;
    private final ServerResponse response;
    private final Connection connection;
    private final HelidonSocket socket;
    private final ClientWatch watch;
    private final StallGuard guard;
    private final RequestBody body;
    private final Duration timeout;
    private final BooleanSupplier mustEnd;
    private final long start = System.nanoTime();
    private Work work = Work.NONE;
    private int outcome;
    private final HeapBudget.Lease heap;
    private final HeapBudget.Lease vectors;
    private long kept;

    Exchange(Connection connection, ServerRequest request, ServerResponse response, StallGuard guard,
            HeapShares shares, ServeOptions options, BooleanSupplier mustEnd) {
        this.mustEnd = mustEnd;
        this.request = request;
        this.response = response;
        this.guard = guard;
        timeout = options.requestTimeout();
        heap = shares.requests().lease();
        vectors = shares.vectors().lease();
        this.connection = connection;
        socket = connection.serverSocket();
        watch = new ClientWatch(connection.dataReader());
        body = new RequestBody(request, connection, guard, options.payloadLimit());
    }

    String method() {
        return request.prologue().method().text();
    }

    String path() {
        return request.prologue().uriPath().path();
    }

    /** The value of the {@code Authorization} header, or null. */
    String authorization() {
        return request.headers().contains(HeaderNames.AUTHORIZATION)
                ? request.headers().get(HeaderNames.AUTHORIZATION).get()
                : null;
    }

    /** Whether the client names a media type among those that it takes; one that takes anything does not. */
    boolean accepts(String mediaType) {
        return request.headers().all(HeaderNames.ACCEPT, List::of).stream()
                .flatMap(value -> Arrays.stream(value.split(","))).map(range -> range.split(";", -1))
                .anyMatch(range -> range[0].strip().equalsIgnoreCase(mediaType)
                        && Arrays.stream(range).noneMatch(part -> REFUSED.matcher(part).matches()));
    }

    Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    Work work() {
        return work;
    }

    /** What the log says of it: the status of the answer, or what stood in the way of one. */
    int outcome() {
        return outcome == 0 ? response.status().code() : outcome;
    }

    void outcome(int status) {
        outcome = status;
    }

    /**
     * Takes so many bytes of the heap, in addition to those for the request's own texts. They replace what an
     * earlier call took, and are given back once the request is answered.
     *
     * @throws RefusedException
     *             if there is no room for them
     */
    void room(long bytes) {
        heap.resize(kept + bytes);
    }

    /** As {@link #room} for vectors of each token. */
    void roomForVectors(long bytes) {
        vectors.resize(bytes);
    }

    /** Gives back what it holds. */
    void end() {
        vectors.close();
        heap.close();
    }

    /** Notes what the request cost, and tells the client in text-embeddings-inference's headers. */
    void worked(Work done, String computeType) {
        work = done;
        String total = Long.toString(elapsed().toMillis());
        header("x-compute-type", computeType);
        header("x-compute-time", total);
        header("x-compute-characters", Long.toString(done.characters()));
        header("x-compute-tokens", Long.toString(done.tokens()));
        header("x-total-time", total);
        header("x-tokenization-time", Long.toString(done.tokenizing().toMillis()));
        header("x-queue-time", Long.toString(done.waiting().toMillis()));
        header("x-inference-time", Long.toString(done.computing().toMillis()));
    }

    void header(String name, String value) {
        response.header(HeaderValues.create(HeaderNames.create(name), value));
    }

    /** The fields of the request's JSON. */
    Fields body() {
        byte[] bytes = body.read(heap);
        RequestJson.Cost cost = RequestJson.cost(bytes);
        heap.resize(bytes.length + cost.toRead());
        kept = cost.kept();
        return RequestJson.read(bytes);
    }

    /**
     * Takes the heap for the request's headers.
     *
     * @throws RefusedException
     *             if there is no room for them
     */
    void begin() {
        connection.headRead();
    }

    /** Throws away what is left of the request's body; for a connection that ends after this answer. */
    void drain() {
        body.drain();
    }

    void lastOfConnection() {
        response.header(HeaderValues.CONNECTION_CLOSE);
    }

    /** Whether the connection ends after this answer, as the client was told or has asked. */
    boolean isLastOfConnection() {
        return response.headers().containsToken(HeaderValues.CONNECTION_CLOSE);
    }

    /**
     * What a computation gives. It is cancelled where the client has left meanwhile, the request's time is
     * up, or the server's.
     *
     * @throws RefusedException
     *             in these cases
     */
    <T> T await(CompletableFuture<T> future) {
        Duration patience = PATIENCE;
        while (true) {
            try {
                return future.get(patience.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException _) {
                // From the first time on a thread reads ahead, to see the client leave.
                watch.begin();
                patience = LOOK_EVERY;
                giveUpWhereInVain(future);
            } catch (InterruptedException _) {
                // A stop wakes whom it takes for idle; this one is answered yet.
                giveUpWhereInVain(future);
            } catch (ExecutionException e) {
                throw new CompletionException(e.getCause());
            }
        }
    }

    private void giveUpWhereInVain(CompletableFuture<?> future) {
        if (watch.left()) {
            future.cancel(true);
            throw new RefusedException(Refusal.Kind.CLIENT_LEFT, "the client left");
        }
        if (elapsed().compareTo(timeout) > 0) {
            future.cancel(true);
            throw new RefusedException(Refusal.Kind.TIMEOUT,
                    "not done after " + timeout.toMillis() / 1000.0 + " s (--request-timeout)");
        }
        if (mustEnd.getAsBoolean()) {
            future.cancel(true);
            throw new RefusedException(Refusal.Kind.UNHEALTHY, "the server is stopping (--shutdown-timeout)");
        }
    }

    ClientWatch watch() {
        return watch;
    }

    /** An unread body would stand before the next request, and may never arrive whole. */
    private void closeIfBodyIsUnread() {
        if (!body.isRead()) {
            lastOfConnection();
        }
    }

    /** Answers without a body. */
    void empty(int status) {
        closeIfBodyIsUnread();
        response.status(status).send();
    }

    /** Answers with bytes. */
    void bytes(String contentType, byte[] bytes) {
        closeIfBodyIsUnread();
        response.header(HeaderValues.create(HeaderNames.CONTENT_TYPE, contentType));
        if (method().equals(Method.HEAD.text())) {
            response.header(HeaderValues.create(HeaderNames.CONTENT_LENGTH, bytes.length));
            response.send();
            return;
        }
        try (AnswerStream out = new AnswerStream(guard, socket, response)) {
            out.write(bytes, 0, bytes.length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Answers with JSON, which is sent while it is written where it is large. */
    void json(Consumer<JsonGenerator> content) {
        json(Status.OK_200.code(), content);
    }

    void json(int status, Consumer<JsonGenerator> content) {
        closeIfBodyIsUnread();
        response.status(status).header(HeaderValues.CONTENT_TYPE_JSON);
        try (AnswerStream out = new AnswerStream(guard, socket, response);
                JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), out,
                        JsonEncoding.UTF8)) {
            content.accept(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean answered() {
        return response.isSent() || response.bytesWritten() > 0;
    }
}
