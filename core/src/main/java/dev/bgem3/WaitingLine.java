package dev.bgem3;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;

/**
 * Texts in the order in which they came, and the next batches made of them: the first takes the text that has waited longest and,
 * in the line's order, each further one that the token budget has room for; a second is made in the same way of those left.
 *
 * <p>
 * A batch is open until it is taken: a text that comes joins the first that has room for it, which is what choosing anew would
 * give too. Not thread-safe.
 */
final class WaitingLine<T extends WaitingLine.Text> {
    /** Who stands in the line. */
    interface Text {
        int tokenCount();

        /** Larger for who comes later. */
        long arrival();
    }

    private static final class Batch<T extends Text> {
        private final SequencedSet<T> texts = new LinkedHashSet<>();
        private long tokens;

        void add(T text) {
            texts.add(text);
            tokens += text.tokenCount();
        }
    }

    private final int tokenBudget;
    private final int mostPrepared;
    private final List<Batch<T>> prepared = new ArrayList<>();
    /** Those who are in no batch, in their order. */
    private final SequencedSet<T> others = new LinkedHashSet<>();
    /** A text has left a batch, and others may take its room: all is to be chosen anew before it is looked at. */
    private boolean stale;

    /**
     * An empty line.
     *
     * @param tokenBudget
     *            the most tokens of a batch of more than one text
     * @param mostPrepared
     *            how many batches to prepare
     */
    WaitingLine(int tokenBudget, int mostPrepared) {
        this.tokenBudget = tokenBudget;
        this.mostPrepared = mostPrepared;
    }

    boolean isEmpty() {
        return others.isEmpty() && prepared.stream().allMatch(batch -> batch.texts.isEmpty());
    }

    /** How many texts stand in each of the batches that are prepared, the next one first. */
    List<Integer> prepared() {
        refresh();
        return prepared.stream().map(batch -> batch.texts.size()).toList();
    }

    /** How many texts stand in the line. */
    int size() {
        return others.size() + prepared.stream().mapToInt(batch -> batch.texts.size()).sum();
    }

    /** Puts a text at the end of the line. */
    void add(T text) {
        if (stale || !joins(text)) {
            others.add(text);
        }
    }

    private boolean joins(T text) {
        for (Batch<T> batch : prepared) {
            if (batch.tokens + text.tokenCount() <= tokenBudget) {
                batch.add(text);
                return true;
            }
        }
        if (prepared.size() == mostPrepared) {
            return false;
        }
        Batch<T> batch = new Batch<>();
        batch.add(text);
        prepared.add(batch);
        return true;
    }

    /** Takes texts out of the line; how many of them stood there. */
    int removeAll(Collection<T> texts) {
        int removed = 0;
        for (T text : texts) {
            if (others.remove(text)) {
                removed++;
            } else if (prepared.stream().anyMatch(batch -> batch.texts.remove(text))) {
                removed++;
                stale = true;
            }
        }
        return removed;
    }

    /** Takes the next batch, and prepares another; empty where nobody waits. */
    List<T> take() {
        refresh();
        if (prepared.isEmpty()) {
            return List.of();
        }
        List<T> taken = List.copyOf(prepared.removeFirst().texts);
        fill();
        return taken;
    }

    /** Chooses anew where a text has left a batch. */
    private void refresh() {
        if (stale) {
            stale = false;
            List<T> all = new ArrayList<>(size());
            prepared.forEach(batch -> all.addAll(batch.texts));
            all.addAll(others);
            all.sort(Comparator.comparingLong(Text::arrival));
            prepared.clear();
            others.clear();
            others.addAll(all);
            fill();
        }
    }

    private void fill() {
        Iterator<T> next = others.iterator();
        while (next.hasNext() && hasRoom()) {
            if (joins(next.next())) {
                next.remove();
            }
        }
    }

    /** Whether there may be a text that could join. */
    private boolean hasRoom() {
        return prepared.size() < mostPrepared
                || prepared.stream().anyMatch(batch -> batch.tokens < tokenBudget);
    }
}
