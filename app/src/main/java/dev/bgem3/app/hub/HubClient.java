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
 * The part of the hub's HTTP interface that a download needs: a revision's files, one file's head, and its
 * bytes.
 *
 * <p>
 * Redirects are followed here and not by the HTTP client, because the token may go to the hub alone: large
 * files come from other hosts, by addresses that are signed and good for a while. Safe for several threads.
 */
final class HubClient implements AutoCloseable {
    private static final int MAX_REDIRECTS = 10;
    private static final int MAX_LISTING_BYTES = 64 << 20;
    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
    /** Of hosts that a signed address leads to: it has expired, which a new one cures. */
    private static final Set<Integer> EXPIRED = Set.of(401, 403, 404, 410);
    /** Beside every status from 500 on. */
    private static final Set<Integer> BUSY = Set.of(408, 425, 429);
    /** The hub's own way to say when: {@code RateLimit: "api";r=0;t=55}. */
    private static final Pattern RATE_LIMIT = Pattern.compile(";\\s*r=0\\s*;\\s*t=(\\d{1,6})");
    /** Where a mirror may send on to, and the token with it. */
    private static final Set<String> HUB_HOSTS = Set.of("huggingface.co", "hf.co");

    private final URI endpoint;
    private final Optional<String> token;
    private final HttpClient http;
    private final HubLimits limits;
    private final Consumer<String> say;
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("hub-clock").factory());
    private final CountDownLatch ended = new CountDownLatch(1);
    private final AtomicReference<HubException> givenUp = new AtomicReference<>();
    /** Where files were last redirected to, beyond the hub. */
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

    /** Says something once, also where all connections meet it one after the other. */
    synchronized void say(String message) {
        if (!message.equals(lastSaid)) {
            lastSaid = message;
            say.accept(message);
        }
    }

    /** Does something again and again until it is cancelled or this client closed. */
    ScheduledFuture<?> repeat(Duration pause, Runnable action) {
        return clock.scheduleWithFixedDelay(action, pause.toNanos(), pause.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Whether any server has answered anything yet. */
    boolean hasAnswered() {
        return answered;
    }

    /** Ends every exchange; the first reason is what all of them throw from then on. */
    void giveUp(HubException reason) {
        if (givenUp.compareAndSet(null, reason)) {
            ended.countDown();
            http.shutdownNow();
        }
    }

    /**
     * Does nothing until all is given up.
     *
     * @throws HubException
     *             the reason
     */
    void check() {
        HubException reason = givenUp.get();
        if (reason != null) {
            throw reason;
        }
    }

    /** Waits, unless all is given up meanwhile. */
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

    /** The files of a revision. */
    HubListing list(HubName name, String revision) {
        URI uri = URI
                .create(endpoint + "/api/models/" + name + "/revision/" + encoded(revision) + "?blobs=true");
        Patience patience = new Patience(this);
        while (true) {
            try (HubResponse response = exchange("GET", uri, Map.of(), true, _ -> {})) {
                checkStatus(response, name, "revision " + revision);
                return HubListing.parse(readAll(response), endpoint + "/" + name);
            } catch (TransientException e) {
                patience.failed(e, false);
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

    /** Size and digest of a file, from the head of its address, for mirrors whose listing lacks them. */
    RepoFile head(HubName name, String commit, String path) {
        Patience patience = new Patience(this);
        while (true) {
            try (HubResponse response = exchange("HEAD", address(name, commit, path), Map.of(), false,
                    _ -> {})) {
                if (!REDIRECTS.contains(response.status())) {
                    checkStatus(response, name, path);
                }
                return fileOf(response, path);
            } catch (TransientException e) {
                patience.failed(e, false);
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
            throw new HubException(place(response.uri()) + ": tells no size and digest of " + path
                    + ", so nothing could be verified (expected: the headers ETag and Content-Length,"
                    + " or X-Linked-Etag and X-Linked-Size)");
        }
        return new RepoFile(path, size.getAsLong(), digest.get());
    }

    private static Optional<Digest> digestOf(HttpHeaders headers) {
        return headers.firstValue("X-Linked-Etag").or(() -> headers.firstValue("ETag"))
                .flatMap(Digest::ofEtag);
    }

    /**
     * Asks for a file's bytes from {@code from} to before {@code to}; for all of them without a range, so
     * that any server understands. The answer's status is 200 or 206.
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

    /** A commit's files never change; where the hub says otherwise, parts of two files would be mixed. */
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
     * One question, through redirects to its answer.
     *
     * @param leaveHub
     *            whether to follow beyond the hub; else the redirect itself is the answer
     * @param atHub
     *            sees the headers of each answer of the hub
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

    /** Without the address: it may hold a signature. */
    private String redirectFault(HubResponse response) {
        return place(response.uri()) + ": redirects to what is no address (status " + response.status() + ")";
    }

    private HttpResponse<InputStream> send(String method, URI uri, Map<String, String> headers)
            throws TransientException {
        check();
        HttpRequest.Builder request = HttpRequest.newBuilder(uri).timeout(limits.answerTimeout())
                .method(method, HttpRequest.BodyPublishers.noBody()).header("User-Agent", "bgem3")
                // A compressed body has another length, and no ranges.
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
                return "the name is not known";
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
                return Optional.empty(); // Nonsense is as good as nothing.
            }
        }
        Matcher limit = RATE_LIMIT.matcher(response.header("RateLimit"));
        return limit.find()
                ? Optional.of(Duration.ofSeconds(Long.parseLong(limit.group(1))))
                : Optional.empty();
    }

    /** Whether the token may go there. */
    private boolean isHub(URI uri) {
        return uri.getScheme().equalsIgnoreCase(endpoint.getScheme())
                && uri.getHost().equalsIgnoreCase(endpoint.getHost()) && uri.getPort() == endpoint.getPort()
                || uri.getScheme().equals("https") && uri.getPort() < 0 && HUB_HOSTS.contains(uri.getHost());
    }

    /** A host for a message. The rest of an address may be signed, which is as good as a password. */
    private static String place(URI uri) {
        return uri.getHost() + (uri.getPort() < 0 ? "" : ":" + uri.getPort());
    }

    @Override
    public void close() {
        clock.shutdownNow();
        http.shutdownNow();
    }
}
