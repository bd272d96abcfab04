package dev.bgem3.engine;

/**
 * A first-in-first-out list of tasks. It allocates nothing, so that it works when no memory is left. Not
 * thread-safe.
 */
final class TaskList {
    /** A task; in at most one list at a time. */
    abstract static class Task {
        private Task next;

        abstract void run();
    }

    private Task first;
    private Task last;

    boolean isEmpty() {
        return first == null;
    }

    void add(Task task) {
        if (first == null) {
            first = task;
        } else {
            last.next = task;
        }
        last = task;
    }

    /** Returns the first task, or null. */
    Task peek() {
        return first;
    }

    /** Removes and returns the first task; null if there is none. */
    Task poll() {
        Task task = first;
        if (task != null) {
            first = task.next;
            task.next = null;
        }
        return task;
    }
}
