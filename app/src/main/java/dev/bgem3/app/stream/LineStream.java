package dev.bgem3.app.stream;

import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Writes text in whole lines, so that a process that is stopped between writes leaves no partial line. A line
 * that is longer than the buffer is written in parts, and {@link #endAtLine()} waits for the last one.
 *
 * <p>
 * Only one thread may write; any thread may call {@link #endAtLine()}.
 */
final class LineStream extends OutputStream {
    private static final int BUFFER = 1 << 16;
    /** How long a slow reader may delay the exit of the process. */
    private static final long MAX_EXIT_DELAY_SECONDS = 2;

    private final OutputStream out;
    /** Held from the first write of a line to its last. */
    private final ReentrantLock inLine = new ReentrantLock();
    private final byte[] buffer = new byte[BUFFER];
    private int length;
    /** The end of the last complete line in the buffer, or 0 if there is none. */
    private int linesEnd;

    LineStream(OutputStream out) {
        this.out = out;
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[]{(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int count) throws IOException {
        int next = from;
        int left = count;
        while (left > 0) {
            int part = Math.min(left, buffer.length - length);
            System.arraycopy(bytes, next, buffer, length, part);
            for (int i = length + part; i > length; i--) {
                if (buffer[i - 1] == '\n') {
                    linesEnd = i;
                    break;
                }
            }
            length += part;
            next += part;
            left -= part;
            if (length == buffer.length || linesEnd > 0 && inLine.isHeldByCurrentThread()) {
                writeOut(linesEnd > 0 ? linesEnd : length);
            }
        }
    }

    private void writeOut(int count) throws IOException {
        if (!inLine.isHeldByCurrentThread()) {
            inLine.lock();
        }
        boolean partOfLine = false;
        try {
            out.write(buffer, 0, count);
            partOfLine = count > linesEnd;
        } finally {
            System.arraycopy(buffer, count, buffer, 0, length - count);
            length -= count;
            linesEnd = 0;
            if (!partOfLine) {
                inLine.unlock();
            }
        }
    }

    /** Writes the complete lines. */
    @Override
    public void flush() throws IOException {
        if (linesEnd > 0) {
            writeOut(linesEnd);
        }
        out.flush();
    }

    /** Writes the complete lines and drops the rest. The underlying stream stays open. */
    @Override
    public void close() throws IOException {
        try {
            flush();
        } finally {
            if (inLine.isHeldByCurrentThread()) {
                inLine.unlock();
            }
        }
    }

    /** Waits for the end of the line that is being written, and prevents further lines: call it on exit. */
    void endAtLine() {
        try {
            inLine.tryLock(MAX_EXIT_DELAY_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
