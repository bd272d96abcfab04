package dev.bgem3.app.hub;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Which bytes of a file are there: ranges that neither touch nor overlap, ends exclusive. For one thread at a
 * time.
 */
final class ByteRanges {
    /**
     * A range of bytes.
     *
     * @param from
     *            the first
     * @param to
     *            the one after the last
     */
    record Range(long from, long to) {}

    private final TreeMap<Long, Long> ends = new TreeMap<>();

    ByteRanges() {}

    private ByteRanges(ByteRanges other) {
        ends.putAll(other.ends);
    }

    ByteRanges copy() {
        return new ByteRanges(this);
    }

    /** Adds a range and tells how many of its bytes were not there before. */
    long add(long from, long to) {
        if (from >= to) {
            return 0;
        }
        long before = size();
        long start = from;
        long end = to;
        Map.Entry<Long, Long> left = ends.floorEntry(from);
        if (left != null && left.getValue() >= from) {
            start = left.getKey();
            end = Math.max(end, left.getValue());
        }
        for (Map.Entry<Long, Long> right = ends.ceilingEntry(start); right != null
                && right.getKey() <= end; right = ends.ceilingEntry(start)) {
            end = Math.max(end, right.getValue());
            ends.remove(right.getKey());
        }
        ends.put(start, end);
        return size() - before;
    }

    /** How many bytes are there. */
    long size() {
        return ends.entrySet().stream().mapToLong(range -> range.getValue() - range.getKey()).sum();
    }

    /** Where the last range ends. */
    long end() {
        return ends.isEmpty() ? 0 : ends.lastEntry().getValue();
    }

    /** The first bytes below {@code size} that are not there, at most {@code most} of them. */
    Optional<Range> firstGap(long size, long most) {
        Map.Entry<Long, Long> first = ends.firstEntry();
        long from = first == null || first.getKey() > 0 ? 0 : first.getValue();
        if (from >= size) {
            return Optional.empty();
        }
        Long next = ends.higherKey(from);
        long limit = next == null ? size : Math.min(next, size);
        return Optional.of(new Range(from, Math.min(limit, from + most)));
    }

    /** One range a line: {@code 0-1048576}. */
    String lines() {
        StringBuilder lines = new StringBuilder();
        ends.forEach((from, to) -> lines.append(from).append('-').append(to).append('\n'));
        return lines.toString();
    }
}
