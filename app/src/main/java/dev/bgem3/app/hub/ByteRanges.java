package dev.bgem3.app.hub;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The bytes of a file that are present, as ranges that neither touch nor overlap. Not thread-safe. */
final class ByteRanges {
    /**
     * A range of bytes.
     *
     * @param from
     *            the first byte
     * @param to
     *            the byte after the last
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

    /** Adds a range and returns how many of its bytes were missing before. */
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

    /** Returns the number of bytes that are present. */
    long size() {
        return ends.entrySet().stream().mapToLong(range -> range.getValue() - range.getKey()).sum();
    }

    /** Returns the end of the last range, exclusive. */
    long end() {
        return ends.isEmpty() ? 0 : ends.lastEntry().getValue();
    }

    /** Returns the first missing bytes below {@code size}, at most {@code most} of them. */
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

    /** Returns the ranges as text, one per line: {@code 0-1048576}. */
    String lines() {
        StringBuilder lines = new StringBuilder();
        ends.forEach((from, to) -> lines.append(from).append('-').append(to).append('\n'));
        return lines.toString();
    }
}
