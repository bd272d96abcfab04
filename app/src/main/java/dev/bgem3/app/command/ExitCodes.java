package dev.bgem3.app.command;

/** What the process says at its end; other programs rely on these. */
public final class ExitCodes {
    /** The work is done. */
    static final int DONE = 0;
    /** The work failed. */
    static final int FAILED = 1;
    /** Invalid arguments. */
    public static final int USAGE = 2;
    /** The machine lacks something. */
    public static final int MACHINE = 3;

    /** No exit code: the program must be started again, with the module that the launcher left out. */
    public static final int AGAIN = -1;

    private ExitCodes() {}
}
