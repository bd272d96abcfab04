package dev.bgem3.app.hub;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;

/**
 * The part of the hub's HTTP interface that a download needs: a revision's file list, one file's headers, and
 * its bytes.
 *
 * <p>
 * This class follows redirects itself because the HTTP client would send the token along, which only the hub
 * may see: large files come from other hosts, at signed URLs that expire. Thread-safe.
 */
final class HubClient implements AutoCloseable {
    private static final int MAX_REDIRECTS = 10;
    private static final int MAX_LISTING_BYTES = 64 << 20;
    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
    /** Statuses by which another host says that a signed URL has expired; a new URL from the hub helps. */
    private static final Set<Integer> EXPIRED = Set.of(401, 403, 404, 410);
    /** The statuses below 500 that are worth a retry; all statuses from 500 are. */
    private static final Set<Integer> BUSY = Set.of(408, 425, 429);
    /** The hub's own header for the seconds to wait: {@code RateLimit: "api";r=0;t=55}. */
    private static final Pattern RATE_LIMIT = Pattern.compile(";\\s*r=0\\s*;\\s*t=(\\d{1,6})");
    /** The hosts that may receive the token even if the endpoint is a mirror. */
    private static final Set<String> HUB_HOSTS = Set.of("huggingface.co", "hf.co");

    private final URI endpoint;
    private final Optional<String> token;
    private final HttpClient http;
    private final HubLimits limits;
    private final Consumer<String> say;
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("hub-clock").factory());
    private final CountDownLatch ended = new CountDownLatch(1);
    private final AtomicReference<HubException> abortReason = new AtomicReference<>();
    /** The URLs outside the hub to which files were last redirected. */
    private final Map<String, URI> locations = new ConcurrentHashMap<>();
    private volatile boolean answered;
    private String lastSaid = "";

    HubClient(URI endpoint, Optional<String> token, HttpClient http, HubLimits limits, Consumer<String> say) {
        this.endpoint = endpoint;
        this.token = token;
        this.http = http;
        this.limits = limits;
        this.say = say;
        limits.total().ifPresent(total -> clock.schedule(
                () -> giveUp(new HubException("not done within " + HubFiles.seconds(total)
                        + "; what came so far is kept, and the same call goes on from there")),
                total.toNanos(), TimeUnit.NANOSECONDS));
    }

    HubLimits limits() {
        return limits;
    }

    /** Reports a message, but only once if several connections report the same. */
    synchronized void say(String message) {
        if (!message.equals(lastSaid)) {
            lastSaid = message;
            say.accept(message);
        }
    }

    /** Repeats an action until it is cancelled or this client is closed. */
    ScheduledFuture<?> repeat(Duration pause, Runnable action) {
        return clock.scheduleWithFixedDelay(action, pause.toNanos(), pause.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Returns whether any server has answered yet. */
    boolean hasAnswered() {
        return answered;
    }

    /** Aborts every exchange; all of them then throw the first reason given. */
    void giveUp(HubException reason) {
        if (abortReason.compareAndSet(null, reason)) {
            ended.countDown();
            http.shutdownNow();
        }
    }

    /**
     * Throws if the download has been aborted.
     *
     * @throws HubException
     *             the reason
     */
    void check() {
        HubException reason = abortReason.get();
        if (reason != null) {
            throw reason;
        }
    }

    /** Waits for this time, or throws once the download is aborted. */
    void pause(Duration time) {
        try {
            if (ended.await(time.toNanos(), TimeUnit.NANOSECONDS)) {
                check();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HubException("interrupted", e);
        }
    }

    /** Requests the file list of a revision. */
    HubListing list(HubName name, String revision) {
        URI uri = URI
                .create(endpoint + "/api/models/" + name + "/revision/" + encoded(revision) + "?blobs=true");
        RetryPolicy retries = new RetryPolicy(this);
        while (true) {
            try (HubResponse response = exchange("GET", uri, Map.of(), true, _ -> {})) {
                checkStatus(response, name, "revision " + revision);
                return HubListing.parse(readAll(response), endpoint + "/" + name);
            } catch (TransientException e) {
                retries.failed(e, false);
            }
        }
    }

    private byte[] readAll(HubResponse response) throws TransientException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] chunk = new byte[1 << 16];
        for (int count = response.read(chunk, chunk.length); count >= 0; count = response.read(chunk,
                chunk.length)) {
            all.write(chunk, 0, count);
            if (all.size() > MAX_LISTING_BYTES) {
                throw new HubException(place(response.uri()) + ": its list of files is longer than "
                        + HubFiles.size(MAX_LISTING_BYTES));
            }
        }
        return all.toByteArray();
    }

    /** Requests a file's headers for its size and digest, for mirrors that do not list them. */
    RepoFile head(HubName name, String commit, String path) {
        RetryPolicy retries = new RetryPolicy(this);
        while (true) {
            try (HubResponse response = exchange("HEAD", address(name, commit, path), Map.of(), false,
                    _ -> {})) {
                if (!REDIRECTS.contains(response.status())) {
                    checkStatus(response, name, path);
                }
                return fileOf(response, path);
            } catch (TransientException e) {
                retries.failed(e, false);
            }
        }
    }

    private RepoFile fileOf(HubResponse response, String path) {
        Optional<Digest> digest = digestOf(response.headers());
        OptionalLong size = response.headers().firstValueAsLong("X-Linked-Size");
        if (size.isEmpty() && response.status() == 200) {
            size = response.contentLength();
        }
        if (digest.isEmpty() || size.isEmpty()) {
            throw new HubException(place(response.uri()) + ": gives no size and digest for " + path
                    + ", so it could not be verified (expected: the headers ETag and Content-Length,"
                    + " or X-Linked-Etag and X-Linked-Size)");
        }
        return new RepoFile(path, size.getAsLong(), digest.get());
    }

    private static Optional<Digest> digestOf(HttpHeaders headers) {
        return headers.firstValue("X-Linked-Etag").or(() -> headers.firstValue("ETag"))
                .flatMap(Digest::ofEtag);
    }

    /**
     * Requests a file's bytes from {@code from} to before {@code to}, without a range if these are all bytes,
     * so that any server understands. The response's status is 200 or 206.
     */
    HubResponse open(HubName name, String commit, RepoFile file, long from, long to)
            throws TransientException {
        Map<String, String> range = from == 0 && to == file.size()
                ? Map.of()
                : Map.of("Range", "bytes=" + from + "-" + (to - 1));
        URI known = locations.get(file.path());
        HubResponse response = exchange("GET", known == null ? address(name, commit, file.path()) : known,
                range,
                true, headers -> checkUnchanged(file, headers));
        try {
            boolean beyond = !isHub(response.uri());
            if (beyond && EXPIRED.contains(response.status())) {
                locations.remove(file.path());
                throw TransientException.broken(place(response.uri()) + " answers " + response.status()
                        + " for " + file.path());
            }
            checkStatus(response, name, file.path());
            if (beyond) {
                locations.put(file.path(), response.uri());
            }
            return response;
        } catch (TransientException | HubException e) {
            response.close();
            throw e;
        }
    }

    /**
     * Throws if the hub reports another digest: a commit's files never change, and the parts of two different
     * files must not be mixed.
     */
    private void checkUnchanged(RepoFile file, HttpHeaders headers) {
        Optional<Digest> digest = digestOf(headers);
        if (digest.isPresent() && !digest.get().equals(file.digest())) {
            throw new HubException(
                    endpoint + ": " + file.path() + " changed on the hub while it was fetched: "
                            + digest.get().hex() + " (expected: " + file.digest().hex() + ")");
        }
    }

    private URI address(HubName name, String commit, String path) {
        StringBuilder quoted = new StringBuilder();
        for (String segment : path.split("/")) {
            quoted.append('/').append(encoded(segment));
        }
        return URI.create(endpoint + "/" + name + "/resolve/" + commit + quoted);
    }

    private static String encoded(String words) {
        return URLEncoder.encode(words, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /**
     * Sends a request and follows redirects to the response.
     *
     * @param leaveHub
     *            whether to follow redirects to other hosts; otherwise the redirect itself is returned
     * @param atHub
     *            receives the headers of each response of the hub
     */
    private HubResponse exchange(String method, URI start, Map<String, String> headers, boolean leaveHub,
            Consumer<HttpHeaders> atHub) throws TransientException {
        URI uri = start;
        for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
            HttpResponse<InputStream> raw = send(method, uri, headers);
            HubResponse response = new HubResponse(raw, place(uri), limits, clock);
            try {
                answered = true;
                if (isHub(uri) && response.status() < 400) {
                    atHub.accept(response.headers());
                }
                if (!REDIRECTS.contains(response.status())) {
                    return response;
                }
                URI target = target(response);
                if (!leaveHub && !isHub(target)) {
                    return response;
                }
                response.close();
                uri = target;
            } catch (HubException e) {
                response.close();
                throw e;
            }
        }
        throw new HubException(place(start) + ": more than " + MAX_REDIRECTS + " redirects, the last to "
                + place(uri));
    }

    private URI target(HubResponse response) {
        String location = response.header("Location");
        try {
            URI target = response.uri().resolve(URI.create(location));
            boolean secure = "https".equals(target.getScheme());
            if (target.getHost() != null && (secure || "http".equals(target.getScheme()))) {
                if (!secure && "https".equals(response.uri().getScheme())) {
                    throw new HubException(place(response.uri()) + ": redirects from https to http, to "
                            + place(target) + ": refused");
                }
                return target;
            }
        } catch (IllegalArgumentException e) {
            throw new HubException(redirectFault(response), e);
        }
        throw new HubException(redirectFault(response));
    }

    /** Returns the message without the address, which may contain a signature. */
    private String redirectFault(HubResponse response) {
        return place(response.uri()) + ": redirects to an invalid address (status " + response.status() + ")";
    }

    private HttpResponse<InputStream> send(String method, URI uri, Map<String, String> headers)
            throws TransientException {
        check();
        HttpRequest.Builder request = HttpRequest.newBuilder(uri).timeout(limits.answerTimeout())
                .method(method, HttpRequest.BodyPublishers.noBody()).header("User-Agent", "bgem3")
                // A compressed body would have another length and allow no ranges.
                .header("Accept-Encoding", "identity");
        headers.forEach(request::header);
        if (isHub(uri)) {
            token.ifPresent(secret -> request.header("Authorization", "Bearer " + secret));
        }
        try {
            return http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        } catch (HttpConnectTimeoutException e) {
            check();
            throw TransientException.unreachable(place(uri) + " does not answer", e);
        } catch (HttpTimeoutException e) {
            check();
            throw TransientException.broken(place(uri) + " gave no answer within "
                    + HubFiles.seconds(limits.answerTimeout()), e);
        } catch (ConnectException e) {
            check();
            throw TransientException.unreachable(place(uri) + " cannot be reached: " + reason(e), e);
        } catch (SSLException e) {
            check();
            throw securityFailure(uri, e);
        } catch (IOException e) {
            check();
            throw TransientException.broken(place(uri) + " broke off: " + reason(e), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HubException("interrupted", e);
        }
    }

    private TransientException securityFailure(URI uri, SSLException failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof CertificateException) {
                throw new HubException(place(uri) + ": its certificate is not trusted: "
                        + HubFiles.printable(String.valueOf(cause.getMessage()))
                        + " (behind a proxy with a certificate of its own,"
                        + " BGEM3_JAVA_OPTS=-Djavax.net.ssl.trustStore=FILE names the store that has it)",
                        failure);
            }
        }
        return TransientException.broken(place(uri) + " broke off: " + reason(failure), failure);
    }

    private static String reason(Exception failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnresolvedAddressException) {
                return "unknown host name";
            }
        }
        String message = failure.getMessage();
        return message == null ? "connection refused" : HubFiles.printable(message);
    }

    private void checkStatus(HubResponse response, HubName name, String what) throws TransientException {
        int status = response.status();
        if (status == 200 || status == 206) {
            return;
        }
        String place = place(response.uri());
        if (status >= 500 || BUSY.contains(status)) {
            throw TransientException.busy(place + " answers " + status + " for " + what,
                    retryAfter(response));
        }
        String code = response.header("X-Error-Code");
        String told = response.header("X-Error-Message").isEmpty()
                ? ""
                : ": " + HubFiles.printable(response.header("X-Error-Message"));
        String page = endpoint + "/" + name;
        String secret = token.isPresent() ? "the token" : "a token in HF_TOKEN";
        if (code.equals("GatedRepo")) {
            throw new HubException(name + ": its authors ask for consent first (status " + status + told
                    + "): accept the licence at " + page + ", then call again with "
                    + (token.isPresent() ? "a token of that account in HF_TOKEN" : secret));
        }
        if (code.equals("RevisionNotFound")) {
            throw new HubException(
                    name + ": there is no " + what + " on the hub (" + place + " answers " + status
                            + ")");
        }
        if (code.equals("EntryNotFound")) {
            throw new HubException(
                    name + ": there is no " + what + " (" + place + " answers " + status + ")");
        }
        switch (status) {
            case 401, 404 -> throw new HubException(name + ": there is no such model at " + page + ", or "
                    + secret + (token.isPresent() ? " does not open it" : " is needed") + " (" + place
                    + " answers " + status + told + ")");
            case 403 ->
                throw new HubException(name + ": " + place + " refuses " + what + " (status 403" + told
                        + "): see " + page + ", and whether " + secret + " may read it");
            default ->
                throw new HubException(name + ": " + place + " answers " + status + " for " + what + told);
        }
    }

    private static Optional<Duration> retryAfter(HubResponse response) {
        String words = response.header("Retry-After").strip();
        if (words.matches("\\d{1,9}")) {
            return Optional.of(Duration.ofSeconds(Long.parseLong(words)));
        }
        if (!words.isEmpty()) {
            try {
                Instant then = ZonedDateTime.parse(words, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
                Duration wait = Duration.between(Instant.now(), then);
                return Optional.of(wait.isNegative() ? Duration.ZERO : wait);
            } catch (DateTimeException e) {
                return Optional.empty(); // An invalid date counts as absent.
            }
        }
        Matcher limit = RATE_LIMIT.matcher(response.header("RateLimit"));
        return limit.find()
                ? Optional.of(Duration.ofSeconds(Long.parseLong(limit.group(1))))
                : Optional.empty();
    }

    /** Returns whether the token may be sent there. */
    private boolean isHub(URI uri) {
        return uri.getScheme().equalsIgnoreCase(endpoint.getScheme())
                && uri.getHost().equalsIgnoreCase(endpoint.getHost()) && uri.getPort() == endpoint.getPort()
                || uri.getScheme().equals("https") && uri.getPort() < 0 && HUB_HOSTS.contains(uri.getHost());
    }

    /** Returns the host for a message; the rest of a URL may be signed, which is as secret as a password. */
    private static String place(URI uri) {
        return uri.getHost() + (uri.getPort() < 0 ? "" : ":" + uri.getPort());
    }

    @Override
    public void close() {
        clock.shutdownNow();
        http.shutdownNow();
    }
}
