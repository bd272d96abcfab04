package dev.bgem3.testsupport;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;

/** Named pipes, which a program that opens one as a file would wait for. */
public final class Pipes {
    private Pipes() {}

    /** Makes a pipe; the test is skipped, visibly, where the system has none. */
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
