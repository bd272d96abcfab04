package dev.bgem3.app.command;

/** The exit codes of the process, on which other programs rely. */
public final class ExitCodes {
    /** The work is done. */
    static final int DONE = 0;
    /** The work failed. */
    static final int FAILED = 1;
    /** Invalid arguments. */
    public static final int USAGE = 2;
    /** The machine lacks something. */
    public static final int MACHINE = 3;

    /** Not an exit code: the program must restart with the module that the launcher left out. */
    public static final int RESTART = -1;

    private ExitCodes() {}
}
