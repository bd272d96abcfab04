package dev.bgem3.app.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A partly downloaded file, with a small ranges file beside it that records which bytes are present, so that
 * another process can resume the download, however this one ends.
 *
 * <p>
 * The ranges file may lag behind the data, by what arrived since the last {@link #save()}, but never lists
 * bytes that were not written. After a crash of the machine it may; the digest then reveals that, and the
 * file is downloaded again. Thread-safe.
 */
final class PartFile implements AutoCloseable {
    private static final Pattern RANGE = Pattern.compile("(\\d{1,18})-(\\d{1,18})");

    private final Path data;
    private final Path rangesFile;
    private final long size;
    private final FileChannel channel;
    private ByteRanges ranges;
    private boolean resumed;
    private boolean changed;

    private PartFile(Path data, Path rangesFile, long size, FileChannel channel, ByteRanges ranges) {
        this.data = data;
        this.rangesFile = rangesFile;
        this.size = size;
        this.channel = channel;
        this.ranges = ranges;
        this.resumed = ranges.size() > 0;
    }

    /**
     * Opens the part file that an earlier call left, or a new one.
     *
     * @param data
     *            {@code NAME.bgem3.incomplete}; the ranges file beside it is {@code NAME.bgem3.ranges}
     * @param size
     *            the size of the complete file
     * @param leftover
     *            a file in which huggingface_hub left the beginning; it is copied rather than moved, because
     *            its writer may still run
     */
    static PartFile open(Path data, long size, Optional<Path> leftover) {
        HubFiles.createFolder(data.getParent());
        Path rangesFile = rangesFile(data);
        Optional<ByteRanges> kept = read(data, size);
        try {
            if (kept.isEmpty()) {
                Files.deleteIfExists(rangesFile);
            }
            FileChannel channel = FileChannel.open(data, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            PartFile part = new PartFile(data, rangesFile, size, channel, kept.orElseGet(ByteRanges::new));
            if (kept.isEmpty()) {
                channel.truncate(0);
                if (leftover.isPresent()) {
                    part.copy(leftover.get());
                }
            }
            return part;
        } catch (IOException e) {
            throw HubFiles.failure(data, e);
        }
    }

    /** Returns the number of bytes of a file that an earlier call left. */
    static long present(Path data, long size) {
        return read(data, size).map(ByteRanges::size).orElse(0L);
    }

    /** Deletes the part file and its ranges file. */
    static void delete(Path data) {
        HubFiles.delete(rangesFile(data));
        HubFiles.delete(data);
    }

    private static Path rangesFile(Path data) {
        return data.resolveSibling(data.getFileName().toString().replaceFirst("incomplete$", "ranges"));
    }

    private static Optional<ByteRanges> read(Path data, long size) {
        Path file = rangesFile(data);
        try {
            if (!Files.isRegularFile(file) || !Files.isRegularFile(data)) {
                return Optional.empty();
            }
            ByteRanges ranges = new ByteRanges();
            for (String line : List.of(Files.readString(file).split("\n"))) {
                Matcher range = RANGE.matcher(line);
                if (!range.matches()) {
                    return Optional.empty();
                }
                ranges.add(Long.parseLong(range.group(1)), Long.parseLong(range.group(2)));
            }
            return Optional.of(ranges).filter(all -> all.end() <= size && all.end() <= length(data));
        } catch (IOException e) {
            throw HubFiles.failure(file, e);
        }
    }

    private static long length(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw HubFiles.failure(file, e);
        }
    }

    private void copy(Path leftover) throws IOException {
        if (!Files.isRegularFile(leftover)) {
            return;
        }
        try (FileChannel from = FileChannel.open(leftover)) {
            long end = Math.min(from.size(), size);
            for (long at = 0; at < end;) {
                channel.position(at);
                long count = from.transferTo(at, end - at, channel);
                if (count <= 0) {
                    return; // The file became shorter, so its writer still runs.
                }
                ranges.add(at, at + count);
                changed = true;
                at += count;
            }
            resumed = ranges.size() > 0;
            save();
        }
    }

    /** Writes bytes at a position and returns how many of them were missing before. */
    long write(ByteBuffer bytes, long position) {
        int count = bytes.remaining();
        try {
            for (long at = position; bytes.hasRemaining();) {
                at += channel.write(bytes, at);
            }
        } catch (IOException e) {
            throw HubFiles.failure(data, e);
        }
        synchronized (this) {
            changed = true;
            return ranges.add(position, position + count);
        }
    }

    /** Saves which bytes are present, if that has changed. */
    synchronized void save() {
        if (changed && channel.isOpen()) {
            HubFiles.write(rangesFile, ranges.lines());
            changed = false;
        }
    }

    /** Discards all bytes. */
    synchronized void reset() {
        ranges = new ByteRanges();
        resumed = false;
        changed = false;
        HubFiles.delete(rangesFile);
        try {
            channel.truncate(0);
        } catch (IOException e) {
            throw HubFiles.failure(data, e);
        }
    }

    synchronized ByteRanges ranges() {
        return ranges.copy();
    }

    synchronized boolean isComplete() {
        return ranges.size() == size;
    }

    /** Returns whether some of the bytes come from an earlier call. */
    synchronized boolean isResumed() {
        return resumed;
    }

    Path path() {
        return data;
    }

    /** Saves the state for the next call and closes the file. */
    @Override
    public synchronized void close() {
        if (!channel.isOpen()) {
            return;
        }
        save();
        try {
            channel.close();
        } catch (IOException e) {
            throw HubFiles.failure(data, e);
        }
    }
}
