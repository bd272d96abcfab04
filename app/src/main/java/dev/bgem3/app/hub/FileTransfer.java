package dev.bgem3.app.hub;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One file of a download, with its part file and the pieces in progress. Guarded by the {@link Transfers}
 * that it belongs to.
 */
final class FileTransfer {
    /** Whether the server answers range requests for the file. */
    private enum RangeSupport {
        /** Not known yet; only one piece at a time, so that no two connections receive the whole file. */
        UNKNOWN,
        /** It sends the requested range. */
        PIECES,
        /** It ignores the range and sends the whole file. */
        WHOLE
    }

    private final RepoFile file;
    private final PartFile part;
    private final long pieceBytes;
    private final List<Piece> inProgress = new ArrayList<>();
    private RangeSupport rangeSupport = RangeSupport.UNKNOWN;
    private boolean ended;

    FileTransfer(RepoFile file, PartFile part, long pieceBytes) {
        this.file = file;
        this.part = part;
        this.pieceBytes = pieceBytes;
    }

    RepoFile file() {
        return file;
    }

    PartFile part() {
        return part;
    }

    /** Returns the number of missing bytes. */
    long missing() {
        return file.size() - part.ranges().size();
    }

    /**
     * Returns a piece that no thread is fetching yet, or an empty piece if all bytes are present and the file
     * must be verified.
     */
    Optional<Piece> next() {
        if (ended || rangeSupport != RangeSupport.PIECES && !inProgress.isEmpty()) {
            return Optional.empty();
        }
        ByteRanges taken = part.ranges();
        inProgress.forEach(piece -> taken.add(piece.from, piece.to));
        Optional<ByteRanges.Range> gap = rangeSupport == RangeSupport.WHOLE
                ? Optional.of(new ByteRanges.Range(0, file.size()))
                : taken.firstGap(file.size(), pieceBytes);
        if (gap.isEmpty() && !inProgress.isEmpty()) {
            return Optional.empty();
        }
        Piece piece = gap.map(range -> new Piece(range.from(), range.to()))
                .orElseGet(() -> new Piece(file.size(), file.size()));
        inProgress.add(piece);
        return Optional.of(piece);
    }

    /** Records how the server answered; returns false if that contradicts an earlier answer. */
    boolean answered(Piece piece, boolean whole) {
        boolean askedForWhole = piece.from == 0 && piece.to == file.size();
        if (!whole) {
            rangeSupport = RangeSupport.PIECES;
        } else if (rangeSupport == RangeSupport.PIECES && !askedForWhole) {
            return false;
        } else {
            if (!askedForWhole) {
                rangeSupport = RangeSupport.WHOLE;
            }
            piece.from = 0;
            piece.to = file.size();
            piece.restart();
        }
        return true;
    }

    /** Records that a piece has ended; returns whether it was the last one. */
    boolean end(Piece piece) {
        inProgress.remove(piece);
        if (ended || !inProgress.isEmpty() || !part.isComplete()) {
            return false;
        }
        ended = true;
        return true;
    }

    /** Starts again without any bytes. */
    void again() {
        ended = false;
        rangeSupport = RangeSupport.UNKNOWN;
    }

    /**
     * A range of the file and the position up to which it has been fetched. Used by the fetching thread only.
     */
    final class Piece {
        private long from;
        private long to;
        private long position;

        private Piece(long from, long to) {
            this.from = from;
            this.to = to;
            this.position = from;
        }

        FileTransfer transfer() {
            return FileTransfer.this;
        }

        long position() {
            return position;
        }

        long to() {
            return to;
        }

        void advance(int count) {
            position += count;
        }

        void restart() {
            position = from;
        }
    }
}
