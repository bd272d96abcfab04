package dev.bgem3.app.hub;

import java.io.IOException;
import java.net.Authenticator;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * Fetches a model from the hub, or finds it where it was fetched to before.
 *
 * @param environment
 *            the variables that say where the hub is and who asks
 * @param request
 *            what is wanted
 * @param limits
 *            how patient to be
 * @param connector
 *            makes the HTTP client; never called where the call is offline
 * @param listener
 *            is told how it goes
 */
public record HubDownload(HubEnvironment environment, Request request, HubLimits limits,
        Function<HttpClient.Builder, HttpClient> connector, DownloadListener listener) {
    /** The most connections that one call may open. */
    public static final int MAX_CONNECTIONS = 64;
    private static final String MAIN = "main";
    private static final Pattern REVISION = Pattern.compile("[\\w][\\w.-]*(/[\\w][\\w.-]*)*");
    private static final int SHORT_COMMIT = 12;
    /** Kept free for what else happens on the disk. */
    private static final long SPARE_BYTES = 64L << 20;

    /**
     * What is wanted.
     *
     * @param name
     *            the model
     * @param revision
     *            a branch, a tag or a commit; empty for the commit that this program knows, else {@code main}
     * @param cache
     *            the cache's folder; empty for the environment's
     * @param folder
     *            the folder to put plain files into, in place of the cache
     * @param connections
     *            how many to open at once
     * @param offline
     *            whether to look only at what is there
     * @param tokenFile
     *            the file with the token to show; empty for the environment's
     */
    public record Request(HubName name, Optional<String> revision, Optional<Path> cache,
            Optional<Path> folder,
            int connections, boolean offline, Optional<Path> tokenFile) {
        /** Checked. */
        public Request {
            if (connections < 1 || connections > MAX_CONNECTIONS) {
                throw new IllegalArgumentException(
                        "connections: " + connections + " (expected: 1.." + MAX_CONNECTIONS + ")");
            }
            revision.filter(words -> !REVISION.matcher(words).matches() || words.contains("..")
                    || words.endsWith(".lock")).ifPresent(words -> {
                        throw new IllegalArgumentException("revision: " + HubFiles.printable(words)
                                + " (expected: a branch, a tag or a commit)");
                    });
        }
    }

    /**
     * The folder of the model, whole and verified.
     *
     * @throws HubException
     *             where it cannot be had; what came so far is kept for the next call
     */
    public Path run() {
        return request.offline() || environment.offline() ? find() : fetch();
    }

    private Path cache() {
        return request.cache().orElseGet(environment::cache);
    }

    private Optional<KnownModels.Known> known(String revision) {
        return KnownModels.find(request.name()).filter(model -> model.commit().equals(revision));
    }

    /** The revision to ask for: of a known model its commit. */
    private String revision() {
        return request.revision()
                .orElseGet(
                        () -> KnownModels.find(request.name()).map(KnownModels.Known::commit).orElse(MAIN));
    }

    private Path find() {
        String how = request.name() + " (offline: nothing was asked of the hub)";
        if (request.folder().isPresent()) {
            FolderStore store = new FolderStore(request.folder().get(), revision());
            Presence.check(store, known(revision()), how);
            return store.folder();
        }
        String commit = presentCommit().orElseThrow(() -> new HubException(
                how + ": revision " + revision() + " is not in the cache at " + cache()));
        CacheStore store = new CacheStore(cache(), request.name(), commit, environment.symlinks());
        Presence.check(store, known(commit), how);
        return store.folder();
    }

    /**
     * The commit that the cache has of the revision; of a known model the one of {@code main} will do as
     * well.
     */
    private Optional<String> presentCommit() {
        String revision = revision();
        Path snapshots = cache().resolve(request.name().folderName()).resolve("snapshots");
        if (HubListing.isCommit(revision) && (request.revision().isPresent()
                || Files.isDirectory(snapshots.resolve(revision)))) {
            return Optional.of(revision);
        }
        return CacheStore.commitOf(cache(), request.name(), request.revision().orElse(MAIN));
    }

    private Path fetch() {
        URI endpoint = environment.endpoint();
        HubProxies proxies = new HubProxies(environment);
        Optional<Authenticator> authenticator = proxies.authenticator();
        // HTTP/2 would put all connections into one.
        HttpClient.Builder builder = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER).connectTimeout(limits.connectTimeout())
                .proxy(proxies);
        authenticator.ifPresent(builder::authenticator);
        Optional<String> token = environment.token(request.tokenFile());
        try (HubClient client = new HubClient(endpoint, token, connector.apply(builder), limits,
                listener::say)) {
            HubListing listing = client.list(request.name(), revision());
            if (HubListing.isCommit(revision()) && !listing.commit().equals(revision())) {
                throw new HubException(endpoint + ": answers with commit " + listing.commit() + " (expected: "
                        + revision() + ")");
            }
            return fetch(client, endpoint, listing);
        }
    }

    private Path fetch(HubClient client, URI endpoint, HubListing listing) {
        String source = endpoint + "/" + request.name();
        List<HubListing.Entry> chosen = FileChoice.choose(listing.entries(), source);
        known(listing.commit()).ifPresent(model -> chosen.forEach(entry -> model.check(entry, source)));
        List<RepoFile> files = new ArrayList<>();
        for (HubListing.Entry entry : chosen) {
            files.add(entry.size().isPresent() && entry.digest().isPresent()
                    ? new RepoFile(entry.path(), entry.size().getAsLong(), entry.digest().get())
                    : client.head(request.name(), listing.commit(), entry.path()));
        }
        boolean pinned = request.revision().isEmpty() && known(listing.commit()).isPresent();
        listener.say(request.name() + " at " + listing.commit().substring(0, SHORT_COMMIT)
                + (pinned ? ", the revision this program knows" : "") + ": " + files.size() + " files, "
                + HubFiles.size(files.stream().mapToLong(RepoFile::size).sum()) + ", from " + endpoint);
        String leftOut = FileChoice.leftOut(listing.entries(), chosen);
        if (!leftOut.isEmpty()) {
            listener.say("left out, as no model needs it here: " + leftOut);
        }
        return request.folder().isPresent()
                ? toFolder(client, listing.commit(), files)
                : toCache(client, listing.commit(), files, pinned);
    }

    private Path toFolder(HubClient client, String commit, List<RepoFile> files) {
        FolderStore store = new FolderStore(request.folder().get(), commit);
        fill(client, commit, store, files, () -> true, () -> {});
        return store.folder();
    }

    private Path toCache(HubClient client, String commit, List<RepoFile> files, boolean pinned) {
        CacheStore store = new CacheStore(cache(), request.name(), commit, environment.symlinks());
        String revision = request.revision().orElse(MAIN);
        if (HubListing.isCommit(revision)) {
            fill(client, commit, store, files, () -> true, () -> {});
            return store.folder();
        }
        fill(client, commit, store, files, () -> store.isNoted(revision, pinned),
                () -> store.noteRevision(revision, pinned));
        if (pinned) {
            CacheStore.commitOf(cache(), request.name(), revision).filter(other -> !other.equals(commit))
                    .ifPresent(other -> listener.say("the cache's " + revision + " stays at "
                            + other.substring(0, SHORT_COMMIT)
                            + ", which another program fetched; name the folder to use this one"));
        }
        return store.folder();
    }

    /**
     * Fetches what is missing and notes the revision, under one lock: the note too is written beside its
     * place first, under one name for all downloads of the commit.
     *
     * @param noted
     *            whether there is nothing to note
     */
    private void fill(HubClient client, String commit, ModelStore store, List<RepoFile> files,
            BooleanSupplier noted, Runnable note) {
        List<RepoFile> missing = missing(store, files);
        if (missing.isEmpty() && files.stream().allMatch(store::isInPlace) && noted.getAsBoolean()) {
            return;
        }
        files.stream().filter(missing::contains).filter(file -> Files.exists(store.place(file)))
                .forEach(file -> listener
                        .say(store.place(file) + " is not what the hub has; it is fetched anew"));
        try (StoreLock lock = StoreLock.acquire(store.lockFile(), client)) {
            store.prepare();
            if (lock.waited()) {
                missing = missing(store, files);
            }
            if (!missing.isEmpty()) {
                checkSpace(store, missing);
                new Transfers(client, request.name(), commit, store, missing, listener)
                        .run(request.connections());
            }
            store.complete(files);
            note.run();
        }
    }

    /** Each content once. */
    private static List<RepoFile> missing(ModelStore store, List<RepoFile> files) {
        Set<Path> parts = new HashSet<>();
        return files.stream().filter(file -> !store.has(file)).filter(file -> parts.add(store.part(file)))
                .toList();
    }

    private static void checkSpace(ModelStore store, List<RepoFile> missing) {
        Path folder = store.part(missing.getFirst()).getParent();
        HubFiles.createFolder(folder);
        long needed = missing.stream()
                .mapToLong(file -> file.size() - PartFile.present(store.part(file), file.size())).sum();
        try {
            FileStore disk = Files.getFileStore(folder);
            long free = disk.getUsableSpace();
            // Some file systems of networks know nothing of themselves.
            if (disk.getTotalSpace() > 0 && free < needed + SPARE_BYTES) {
                throw new HubException(
                        store.folder() + ": " + HubFiles.size(needed) + " are to be fetched, and "
                                + HubFiles.size(free) + " are free on that disk (expected: "
                                + HubFiles.size(SPARE_BYTES)
                                + " more than needed)");
            }
        } catch (IOException e) {
            throw HubFiles.failure(store.folder(), e);
        }
    }
}
