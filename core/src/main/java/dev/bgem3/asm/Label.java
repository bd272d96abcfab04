package dev.bgem3.asm;

/**
 * A place in code that jumps go to or instructions read from. It is bound once, by {@link CodeBuffer#bind}.
 */
public final class Label {
    private static final int UNBOUND = -1;

    private final String name;
    private int position = UNBOUND;

    /** A label that is not bound yet; the name is for messages. */
    public Label(String name) {
        this.name = name;
    }

    void bind(int at) {
        if (position != UNBOUND) {
            throw new IllegalStateException("label " + name + ": bound at " + position + " and again at " + at
                    + " (expected: once)");
        }
        position = at;
    }

    int position() {
        if (position == UNBOUND) {
            throw new IllegalStateException("label " + name + ": used but not bound (expected: one bind)");
        }
        return position;
    }

    @Override
    public String toString() {
        return name;
    }
}
