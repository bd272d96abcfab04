package dev.bgem3.engine;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;

/**
 * Texts in the order in which they came, and the next batches made of them: the first takes the text that has
 * waited longest and, in the line's order, each further one that the token budget has room for; a second is
 * made in the same way of those left.
 *
 * <p>
 * A batch is open until it is taken: a text that comes joins the first that has room for it, which is what
 * choosing anew would give too. Not thread-safe.
 *
 * <p>
 * Whatever is thrown, an {@link OutOfMemoryError} for instance, no text is lost: {@link #take} throws with
 * nothing taken, and after {@link #add} has thrown, {@link #remove} takes the text out if it had come in.
 */
class BatchPlanner<T extends BatchPlanner.Text> {
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
    private List<Batch<T>> prepared = new ArrayList<>();
    /** Those who are in no batch, in their order. */
    private SequencedSet<T> others = new LinkedHashSet<>();
    /**
     * Whether the batches must be rebuilt before they are read: a removal freed room, or preparing them
     * failed half-way, in which case a text may be in a batch and among the others.
     */
    private boolean stale;

    /**
     * An empty line.
     *
     * @param tokenBudget
     *            the most tokens of a batch of more than one text
     * @param mostPrepared
     *            how many batches to prepare
     */
    BatchPlanner(int tokenBudget, int mostPrepared) {
        this.tokenBudget = tokenBudget;
        this.mostPrepared = mostPrepared;
    }

    boolean isEmpty() {
        if (!others.isEmpty()) {
            return false;
        }
        for (Batch<T> batch : prepared) {
            if (!batch.texts.isEmpty()) {
                return false;
            }
        }
        return true;
    }

    /** How many texts stand in each of the batches that are prepared, the next one first. */
    List<Integer> prepared() {
        refresh();
        return prepared.stream().map(batch -> batch.texts.size()).toList();
    }

    /** How many texts stand in the line. */
    int size() {
        refresh();
        return others.size() + prepared.stream().mapToInt(batch -> batch.texts.size()).sum();
    }

    /** Puts a text at the end of the line. */
    void add(T text) {
        boolean added = false;
        try {
            if (stale || !joins(text)) {
                others.add(text);
            }
            added = true;
        } finally {
            stale |= !added;
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

    /** Takes a text out of the line; whether it stood there. Needs no memory. */
    boolean remove(T text) {
        boolean removed = others.remove(text);
        for (int i = 0; i < prepared.size(); i++) {
            if (prepared.get(i).texts.remove(text)) {
                removed = true;
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
        List<T> taken = List.copyOf(prepared.getFirst().texts);
        prepared.removeFirst();
        try {
            fill();
        } catch (Throwable _) { // The batch is taken and must be handed out; the next one is prepared later.
            stale = true;
        }
        return taken;
    }

    /** Rebuilds the batches if they are stale. */
    private void refresh() {
        if (stale) {
            SequencedSet<T> all = new LinkedHashSet<>();
            prepared.forEach(batch -> all.addAll(batch.texts));
            all.addAll(others);
            List<T> inOrder = new ArrayList<>(all);
            inOrder.sort(Comparator.comparingLong(Text::arrival));
            SequencedSet<T> waiting = new LinkedHashSet<>(inOrder);
            List<Batch<T>> none = new ArrayList<>();
            others = waiting;
            prepared = none;
            fill();
            stale = false;
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
