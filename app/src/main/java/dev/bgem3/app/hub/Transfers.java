package dev.bgem3.app.hub;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledFuture;

/**
 * Fetches files over several connections: small files beside each other, a large one in pieces.
 *
 * <p>
 * Each connection is a thread that takes the next piece of the first file that has one, fetches it, with as
 * many retries as the limits allow, and takes another. Whoever fetched a file's last piece verifies the file
 * and hands it to the store. Where one gives up, all end; the parts stay for the next call.
 */
final class Transfers {
    private static final int CHUNK_BYTES = 1 << 16;
    private static final Duration SAVE_PAUSE = Duration.ofMillis(500);

    private final HubClient client;
    private final HubName name;
    private final String commit;
    private final ModelStore store;
    private final DownloadListener listener;
    private final List<FileTransfer> files = new ArrayList<>();
    private int unfinished;

    /**
     * Opens the parts.
     *
     * @param wanted
     *            the files to fetch, each content once
     */
    Transfers(HubClient client, HubName name, String commit, ModelStore store, List<RepoFile> wanted,
            DownloadListener listener) {
        this.client = client;
        this.name = name;
        this.commit = commit;
        this.store = store;
        this.listener = listener;
        try {
            // The large one last: then all connections are its own.
            for (RepoFile file : wanted.stream().sorted(Comparator.comparingLong(RepoFile::size)).toList()) {
                files.add(new FileTransfer(file,
                        PartFile.open(store.part(file), file.size(), store.leftover(file)),
                        client.limits().pieceBytes()));
            }
            unfinished = files.size();
        } finally {
            if (unfinished < wanted.size()) {
                close();
            }
        }
    }

    /**
     * Fetches all.
     *
     * @throws HubException
     *             why that cannot be; what came is kept
     */
    void run(int connections) {
        ScheduledFuture<?> saving = client.repeat(SAVE_PAUSE, this::save);
        // Whatever the listener throws, nobody saves any more and no file stays open.
        try {
            listener.onStart(files.stream().mapToLong(FileTransfer::missing).sum());
            try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int i = 0; i < connections; i++) {
                    threads.execute(this::work);
                }
            } finally {
                listener.onEnd();
            }
        } finally {
            saving.cancel(false);
            close();
        }
        client.check();
    }

    /** So that little is lost however this process ends. */
    private void save() {
        try {
            files.forEach(file -> file.part().save());
        } catch (HubException e) {
            end(e);
        }
    }

    private void close() {
        files.forEach(file -> file.part().close());
    }

    private void work() {
        try {
            for (Optional<FileTransfer.Piece> piece = next(); piece.isPresent(); piece = next()) {
                FileTransfer file = piece.get().transfer();
                fetch(piece.get());
                if (endPiece(piece.get())) {
                    finish(file);
                }
            }
        } catch (HubException e) {
            end(e);
        } catch (RuntimeException | Error e) {
            end(new HubException("unexpected " + e, e));
        }
    }

    private void end(HubException reason) {
        client.giveUp(reason);
        synchronized (this) {
            notifyAll();
        }
    }

    /** The next piece, when there is one; none when all is done or given up. */
    private synchronized Optional<FileTransfer.Piece> next() {
        while (unfinished > 0) {
            client.check();
            for (FileTransfer file : files) {
                Optional<FileTransfer.Piece> piece = file.next();
                if (piece.isPresent()) {
                    return piece;
                }
            }
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new HubException("interrupted", e);
            }
        }
        return Optional.empty();
    }

    /** Whether that was the file's last piece. */
    private synchronized boolean endPiece(FileTransfer.Piece piece) {
        boolean last = piece.transfer().end(piece);
        notifyAll();
        return last;
    }

    private void fetch(FileTransfer.Piece piece) {
        RepoFile file = piece.transfer().file();
        RetryPolicy retries = new RetryPolicy(client);
        while (piece.position() < piece.to()) {
            long before = piece.transfer().missing();
            try (HubResponse response = client.open(name, commit, file, piece.position(), piece.to())) {
                receive(response, piece);
            } catch (TransientException e) {
                long gained = before - piece.transfer().missing();
                retries.failed(e, gained >= client.limits().progressBytes());
            }
        }
    }

    private void receive(HubResponse response, FileTransfer.Piece piece) throws TransientException {
        RepoFile file = piece.transfer().file();
        boolean whole = response.status() == 200;
        if (whole) {
            long announced = response.contentLength().orElse(file.size());
            if (announced != file.size()) {
                throw TransientException
                        .broken(response.uri().getHost() + " announces " + announced + " bytes of "
                                + file.path() + " (expected: " + file.size() + ")");
            }
        } else {
            response.checkRange(piece.position(), piece.to(), file.size());
        }
        synchronized (this) {
            if (!piece.transfer().answered(piece, whole)) {
                throw TransientException.broken(
                        response.uri().getHost() + " answers with the whole of " + file.path()
                                + " to a range");
            }
            notifyAll();
        }
        byte[] chunk = new byte[CHUNK_BYTES];
        while (piece.position() < piece.to()) {
            int count = response.read(chunk, (int) Math.min(chunk.length, piece.to() - piece.position()));
            if (count < 0) {
                throw TransientException
                        .broken(response.uri().getHost() + " ended " + file.path() + " at byte "
                                + piece.position() + " (expected: " + piece.to() + ")");
            }
            client.check();
            long more = piece.transfer().part().write(ByteBuffer.wrap(chunk, 0, count), piece.position());
            piece.advance(count);
            report(more);
        }
        if (response.read(chunk, 1) >= 0) {
            piece.restart();
            throw TransientException.broken(
                    response.uri().getHost() + " sends more than the bytes asked for of " + file.path());
        }
    }

    private synchronized void report(long more) {
        listener.onBytes(more);
    }

    private void finish(FileTransfer transfer) {
        RepoFile file = transfer.file();
        String found = file.digest().compute(transfer.part().path());
        if (found.equals(file.digest().hex())) {
            transfer.part().close();
            store.keep(file);
            synchronized (this) {
                unfinished--;
                notifyAll();
            }
            return;
        }
        boolean resumed = transfer.part().isResumed();
        transfer.part().reset();
        String fault = file.path() + ": " + file.digest().algorithm() + " is " + found + " (expected: "
                + file.digest().hex() + ")";
        if (!resumed) {
            transfer.part().close();
            PartFile.delete(transfer.part().path());
            throw new HubException(fault + ": refused, and nothing of it was kept");
        }
        client.say(fault + ", with what an earlier call left; once more from the start");
        synchronized (this) {
            report(-file.size());
            transfer.again();
            notifyAll();
        }
    }
}
