package dev.bgem3.app.hub;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One file of a download: its part, and the pieces under way. Guarded by the {@link Transfers} that it
 * belongs to.
 */
final class FileTransfer {
    /** Whether the server sends parts of the file. */
    private enum Manner {
        /**
         * Nobody asked: one piece at a time, lest a server that sends the whole sends it to every connection.
         */
        UNKNOWN,
        /** It does. */
        PIECES,
        /** It sends the whole whatever is asked for. */
        WHOLE
    }

    private final RepoFile file;
    private final PartFile part;
    private final long pieceBytes;
    private final List<Piece> underWay = new ArrayList<>();
    private Manner manner = Manner.UNKNOWN;
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

    /** How many bytes are not there. */
    long missing() {
        return file.size() - part.ranges().size();
    }

    /**
     * A piece that nobody fetches yet; an empty one where every byte is there and the file wants verifying.
     */
    Optional<Piece> next() {
        if (ended || manner != Manner.PIECES && !underWay.isEmpty()) {
            return Optional.empty();
        }
        ByteRanges taken = part.ranges();
        underWay.forEach(piece -> taken.add(piece.from, piece.to));
        Optional<ByteRanges.Range> gap = manner == Manner.WHOLE
                ? Optional.of(new ByteRanges.Range(0, file.size()))
                : taken.firstGap(file.size(), pieceBytes);
        if (gap.isEmpty() && !underWay.isEmpty()) {
            return Optional.empty();
        }
        Piece piece = gap.map(range -> new Piece(range.from(), range.to()))
                .orElseGet(() -> new Piece(file.size(), file.size()));
        underWay.add(piece);
        return Optional.of(piece);
    }

    /** Notes how the server answered; false where that does not go with what it did before. */
    boolean answered(Piece piece, boolean whole) {
        boolean askedForWhole = piece.from == 0 && piece.to == file.size();
        if (!whole) {
            manner = Manner.PIECES;
        } else if (manner == Manner.PIECES && !askedForWhole) {
            return false;
        } else {
            if (!askedForWhole) {
                manner = Manner.WHOLE;
            }
            piece.from = 0;
            piece.to = file.size();
            piece.restart();
        }
        return true;
    }

    /** A piece is there; tells whether it was the last. */
    boolean end(Piece piece) {
        underWay.remove(piece);
        if (ended || !underWay.isEmpty() || !part.isComplete()) {
            return false;
        }
        ended = true;
        return true;
    }

    /** Begins anew with nothing. */
    void again() {
        ended = false;
        manner = Manner.UNKNOWN;
    }

    /** Some bytes of the file, and how far their fetching is. For the thread that fetches them. */
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
