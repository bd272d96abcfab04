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

/** A request and its response, for the thread that serves it. */
final class Exchange {
    /** How long to wait for a result before checking on the client; most results come sooner. */
    private static final Duration FIRST_WAIT = Duration.ofMillis(200);
    private static final Duration CHECK_INTERVAL = Duration.ofMillis(100);
    /** The weight of a media type that the client does not accept. */
    private static final Pattern ZERO_WEIGHT = Pattern.compile("\\s*[qQ]\\s*=\\s*0(\\.0*)?\\s*");
    private static final JsonFactory JSON = JsonFactory.builder().build();

    private final ServerRequest request;
    private final ServerResponse response;
    private final Connection connection;
    private final HelidonSocket socket;
    private final ClientWatch watch;
    private final StallGuard guard;
    private final RequestBody body;
    private final BooleanSupplier mustEnd;
    private final long start = System.nanoTime();
    private Work work = Work.NONE;
    private int outcome;
    private final HeapBudget.Lease heap;
    private final HeapBudget.Lease vectors;
    private long kept;
    private int loneSurrogates;

    Exchange(Connection connection, ServerRequest request, ServerResponse response, StallGuard guard,
            HeapShares shares, ServeOptions options, BooleanSupplier mustEnd) {
        this.mustEnd = mustEnd;
        this.request = request;
        this.response = response;
        this.guard = guard;
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

    /** Returns the value of the {@code Authorization} header, or null. */
    String authorization() {
        return request.headers().contains(HeaderNames.AUTHORIZATION)
                ? request.headers().get(HeaderNames.AUTHORIZATION).get()
                : null;
    }

    /** Returns whether the client accepts a media type explicitly, not by a wildcard. */
    boolean accepts(String mediaType) {
        return request.headers().all(HeaderNames.ACCEPT, List::of).stream()
                .flatMap(value -> Arrays.stream(value.split(","))).map(range -> range.split(";", -1))
                .anyMatch(range -> range[0].strip().equalsIgnoreCase(mediaType)
                        && Arrays.stream(range).noneMatch(part -> ZERO_WEIGHT.matcher(part).matches()));
    }

    Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    Work work() {
        return work;
    }

    /** Returns the status for the log: that of the response, or the reason why there was none. */
    int outcome() {
        return outcome == 0 ? response.status().code() : outcome;
    }

    void outcome(int status) {
        outcome = status;
    }

    /**
     * Reserves this many bytes of the heap, in addition to those for the request's texts, until the request
     * is answered. A later call replaces the reservation.
     *
     * @throws RefusedException
     *             if there is no room for them
     */
    void room(long bytes) {
        heap.resize(kept + bytes);
    }

    /** Like {@link #room}, for vectors of each token. */
    void roomForVectors(long bytes) {
        vectors.resize(bytes);
    }

    /** Releases the reserved heap. */
    void end() {
        vectors.close();
        heap.close();
    }

    /** Records the cost of the request, and reports it in text-embeddings-inference's headers. */
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

    /** Reads the body and returns its JSON fields. */
    Fields body() {
        byte[] bytes = body.read(heap);
        RequestJson.Cost cost = RequestJson.cost(bytes);
        heap.resize(bytes.length + cost.toRead());
        kept = cost.kept();
        loneSurrogates = RequestJson.replaceLoneSurrogates(bytes);
        return RequestJson.read(bytes);
    }

    /** Returns how many lone surrogates of the body were replaced. */
    int loneSurrogates() {
        return loneSurrogates;
    }

    /**
     * Reserves the heap for the request's headers.
     *
     * @throws RefusedException
     *             if there is no room for them
     */
    void begin() {
        connection.headRead();
    }

    /** Discards the rest of the request's body if the connection is to close after this response. */
    void drain() {
        body.drain();
    }

    void closeAfterResponse() {
        response.header(HeaderValues.CONNECTION_CLOSE);
    }

    /** Returns whether the connection closes after this response, at the server's or the client's wish. */
    boolean closesAfterResponse() {
        return response.headers().containsToken(HeaderValues.CONNECTION_CLOSE);
    }

    /**
     * Waits for the result of a computation, which has its own time-out. Cancels it if the client has
     * disconnected or the server's time to stop is over.
     *
     * @throws RefusedException
     *             in these cases
     */
    <T> T await(CompletableFuture<T> future) {
        Duration wait = FIRST_WAIT;
        while (true) {
            try {
                return future.get(wait.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException _) {
                // From now on a thread reads ahead, to detect a disconnect.
                watch.begin();
                wait = CHECK_INTERVAL;
                cancelIfPointless(future);
            } catch (InterruptedException _) {
                // A stop interrupts threads that it takes for idle, but this request is still answered.
                cancelIfPointless(future);
            } catch (ExecutionException e) {
                throw new CompletionException(e.getCause());
            }
        }
    }

    private void cancelIfPointless(CompletableFuture<?> future) {
        if (watch.left()) {
            future.cancel(true);
            throw new RefusedException(Refusal.Kind.CLIENT_LEFT, "the client left");
        }
        if (mustEnd.getAsBoolean()) {
            future.cancel(true);
            throw new RefusedException(Refusal.Kind.UNHEALTHY, "the server is stopping (--shutdown-timeout)");
        }
    }

    ClientWatch watch() {
        return watch;
    }

    /** Closes the connection after the response if the body is unread: the rest of it may never arrive. */
    private void closeIfBodyIsUnread() {
        if (!body.isRead()) {
            closeAfterResponse();
        }
    }

    /** Sends a response without a body. */
    void empty(int status) {
        closeIfBodyIsUnread();
        response.status(status).send();
    }

    /** Sends bytes. */
    void bytes(String contentType, byte[] bytes) {
        closeIfBodyIsUnread();
        response.header(HeaderValues.create(HeaderNames.CONTENT_TYPE, contentType));
        if (method().equals(Method.HEAD.text())) {
            response.header(HeaderValues.create(HeaderNames.CONTENT_LENGTH, bytes.length));
            response.send();
            return;
        }
        try (ResponseStream out = new ResponseStream(guard, socket, response)) {
            out.write(bytes, 0, bytes.length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends JSON; if it is large, while it is being written. */
    void json(Consumer<JsonGenerator> content) {
        json(Status.OK_200.code(), content);
    }

    void json(int status, Consumer<JsonGenerator> content) {
        closeIfBodyIsUnread();
        response.status(status).header(HeaderValues.CONTENT_TYPE_JSON);
        try (ResponseStream out = new ResponseStream(guard, socket, response);
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
