package dev.bgem3.app.hub;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Keeps two downloads of one model apart, of any process of this program. huggingface_hub locks in a way that
 * Java cannot see, each blob for itself; beside it nothing goes wrong, since each side writes under names of
 * its own, but both fetch.
 */
final class StoreLock implements AutoCloseable {
    private final FileChannel channel;
    private final boolean waited;

    private StoreLock(FileChannel channel, boolean waited) {
        this.channel = channel;
        this.waited = waited;
    }

    /** Whether another had it meanwhile, so that nothing known before holds. */
    boolean waited() {
        return waited;
    }

    /** Waits until no other has the lock. */
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
            return false; // Another thread of this process has it.
        } catch (IOException e) {
            client.say(file + " cannot be locked (" + HubFiles.printable(String.valueOf(e.getMessage()))
                    + "); see to it that no other download of this model runs");
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
