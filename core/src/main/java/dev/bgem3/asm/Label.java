package dev.bgem3.asm;

/** A position in code that jumps go to or instructions read from. {@link CodeBuffer#bind} binds it, once. */
public final class Label {
    private static final int UNBOUND = -1;

    private final String name;
    private int position = UNBOUND;

    /** Creates a label that is not bound yet; the name appears in messages. */
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
