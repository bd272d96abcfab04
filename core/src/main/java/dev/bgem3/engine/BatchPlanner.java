package dev.bgem3.engine;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;

/**
 * Keeps texts in the order of their arrival, and forms the next batches from them. The first batch gets the
 * text that has waited longest and, in order of arrival, each further text that fits into the token budget;
 * further batches are formed in the same way from the remaining texts.
 *
 * <p>
 * A batch accepts texts until it is taken: a new text joins the first batch that has room for it, which gives
 * the same batches as forming them anew. Not thread-safe.
 *
 * <p>
 * No text is lost if a method throws, an {@link OutOfMemoryError} for instance: {@link #take} then has taken
 * nothing, and after {@link #add} has failed, {@link #remove} removes the text if it was added.
 */
class BatchPlanner<T extends BatchPlanner.Text> {
    /** A text that waits for a batch. */
    interface Text {
        int tokenCount();

        /** Returns a number that increases in the order of arrival. */
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
    private final int maxPrepared;
    private List<Batch<T>> prepared = new ArrayList<>();
    /** Texts that are in no batch, in order of arrival. */
    private SequencedSet<T> others = new LinkedHashSet<>();
    /**
     * Whether the batches must be rebuilt before they are read: a removal freed room, or preparing them
     * failed half-way, in which case a text may be in a batch and among the others.
     */
    private boolean stale;

    /**
     * Creates a planner without texts.
     *
     * @param tokenBudget
     *            the maximum number of tokens of a batch of more than one text
     * @param maxPrepared
     *            how many batches to prepare
     */
    BatchPlanner(int tokenBudget, int maxPrepared) {
        this.tokenBudget = tokenBudget;
        this.maxPrepared = maxPrepared;
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

    /** Returns the number of texts in each prepared batch, beginning with the next one. */
    List<Integer> prepared() {
        refresh();
        return prepared.stream().map(batch -> batch.texts.size()).toList();
    }

    /** Returns the number of texts that wait. */
    int size() {
        refresh();
        return others.size() + prepared.stream().mapToInt(batch -> batch.texts.size()).sum();
    }

    /** Returns whether a text of this many tokens would join the next batch. */
    boolean hasRoomFor(int tokens) {
        refresh();
        return prepared.isEmpty() || prepared.getFirst().tokens + tokens <= tokenBudget;
    }

    /** Adds a text. */
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
        if (prepared.size() == maxPrepared) {
            return false;
        }
        Batch<T> batch = new Batch<>();
        batch.add(text);
        prepared.add(batch);
        return true;
    }

    /** Removes a text and returns whether it was there. Allocates no memory. */
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

    /** Takes the next batch and prepares another; returns an empty list if no text waits. */
    List<T> take() {
        refresh();
        if (prepared.isEmpty()) {
            return List.of();
        }
        List<T> taken = List.copyOf(prepared.getFirst().texts);
        prepared.removeFirst();
        try {
            fill();
        } catch (Throwable _) { // The batch must be returned; the next one is prepared later.
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

    /** Returns whether a prepared batch could still accept a text. */
    private boolean hasRoom() {
        return prepared.size() < maxPrepared
                || prepared.stream().anyMatch(batch -> batch.tokens < tokenBudget);
    }
}
