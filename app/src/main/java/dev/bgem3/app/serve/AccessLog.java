package dev.bgem3.app.serve;

import java.io.PrintStream;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;

/**
 * Logs one line of JSON per request. It contains no text, no key and no path that a client made up.
 */
final class AccessLog {
    private final PrintStream out;

    AccessLog(PrintStream out) {
        this.out = out;
    }

    void request(String method, String route, int status, double millis, Work work) {
        // Method and route are the server's own strings, so nothing needs escaping.
        String line = String.format(Locale.ROOT,
                "{\"time\":\"%s\",\"method\":\"%s\",\"route\":\"%s\",\"status\":%d,\"ms\":%.1f,"
                        + "\"texts\":%d,\"tokens\":%d}%n",
                Instant.now().truncatedTo(ChronoUnit.MILLIS), method, route, status, millis, work.texts(),
                work.tokens());
        out.print(line);
        out.flush();
    }

    /** Warns that texts of a request had halves of surrogate pairs. */
    void loneSurrogates(int count) {
        out.println("bgem3: warning: lone surrogates in a request, read as U+FFFD: " + count);
        out.flush();
    }

    /** Logs the class and place of an unexpected exception, but not its message, which may quote a text. */
    void unexpected(Throwable failure) {
        StackTraceElement[] trace = failure.getStackTrace();
        out.println("bgem3: unexpected " + failure.getClass().getName()
                + (trace.length == 0 ? "" : " at " + trace[0]));
        out.flush();
    }
}
