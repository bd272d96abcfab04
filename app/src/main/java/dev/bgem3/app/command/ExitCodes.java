package dev.bgem3.app.command;

/** What the process says at its end; other programs rely on these. */
final class ExitCodes {
    /** The work is done. */
    static final int DONE = 0;
    /** The work failed. */
    static final int FAILED = 1;
    /** The call's words are off. */
    static final int USAGE = 2;
    /** The machine lacks something. */
    static final int MACHINE = 3;

    private ExitCodes() {}
}
