package dev.bgem3.app.stream;

import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Hands text on in whole lines, so that a process that is stopped between its writes leaves no half line. A
 * line that is longer than the buffer goes in parts, which {@link #endAtLine()} waits for.
 *
 * <p>
 * One thread writes; any thread may call {@link #endAtLine()}.
 */
final class LineStream extends OutputStream {
    private static final int BUFFER = 1 << 16;
    /** How long a reader that is slow may hold up the end of the process. */
    private static final long PATIENCE_SECONDS = 2;

    private final OutputStream out;
    /** Held from the first byte of a line to its last. */
    private final ReentrantLock inLine = new ReentrantLock();
    private final byte[] buffer = new byte[BUFFER];
    private int length;
    /** Where the last line that is complete in the buffer ends; 0 where none is. */
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
                handOn(linesEnd > 0 ? linesEnd : length);
            }
        }
    }

    private void handOn(int count) throws IOException {
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

    /** Hands on the lines that are complete. */
    @Override
    public void flush() throws IOException {
        if (linesEnd > 0) {
            handOn(linesEnd);
        }
        out.flush();
    }

    /** Nothing more is written; what is left of a line is dropped. The stream below stays open. */
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

    /** Waits for the end of a line that is being written, and lets no other begin: the process is to end. */
    void endAtLine() {
        try {
            inLine.tryLock(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
