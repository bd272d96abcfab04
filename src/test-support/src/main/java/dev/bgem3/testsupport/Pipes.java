package dev.bgem3.testsupport;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;

/** Creates named pipes, which block a program that opens one as a file. */
public final class Pipes {
    private Pipes() {}

    /** Creates a pipe; if the system has none, the test is reported as skipped. */
    public static void make(Path pipe) throws InterruptedException {
        assumeTrue(isMade(pipe), "no mkfifo here: no pipe to refuse");
    }

    private static boolean isMade(Path pipe) throws InterruptedException {
        try {
            return new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }
}
