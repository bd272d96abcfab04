package dev.bgem3.app.hub;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Keeps downloads of the same model apart, also those of other processes of this program. It does not exclude
 * huggingface_hub, which locks each blob in a way that Java cannot see; that does no harm, since both use
 * their own temporary names, but both then download.
 */
final class StoreLock implements AutoCloseable {
    private final FileChannel channel;
    private final boolean waited;

    private StoreLock(FileChannel channel, boolean waited) {
        this.channel = channel;
        this.waited = waited;
    }

    /** Returns whether another download held the lock first, so that earlier checks no longer hold. */
    boolean waited() {
        return waited;
    }

    /** Waits for the lock and acquires it. */
    static StoreLock acquire(Path file, HubClient client) {
        HubFiles.createFolder(file.getParent());
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            boolean locked = false;
            try {
                boolean waited = false;
                for (; !tryLock(channel, file, client); waited = true) {
                    if (!waited) {
                        client.say("another process downloads this model; waiting for it");
                    }
                    client.pause(client.limits().firstPause());
                }
                locked = true;
                return new StoreLock(channel, waited);
            } finally {
                if (!locked) {
                    channel.close();
                }
            }
        } catch (IOException e) {
            throw HubFiles.failure(file, e);
        }
    }

    private static boolean tryLock(FileChannel channel, Path file, HubClient client) {
        try {
            FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false; // Another thread of this process holds it.
        } catch (IOException e) {
            client.say(file + " cannot be locked (" + HubFiles.printable(String.valueOf(e.getMessage()))
                    + "); make sure that no other download of this model runs");
            return true;
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new HubException("a lock cannot be released: " + e.getMessage(), e);
        }
    }
}
