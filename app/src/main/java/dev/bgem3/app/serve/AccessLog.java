package dev.bgem3.app.serve;

import java.io.PrintStream;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;

/**
 * One line of JSON for each request that was answered. No text, no key and no path that a client made up
 * stands in it.
 */
final class AccessLog {
    private final PrintStream out;

    AccessLog(PrintStream out) {
        this.out = out;
    }

    void request(String method, String route, int status, double millis, Work work) {
        // Method and route are the server's own words; nothing here needs escaping.
        String line = String.format(Locale.ROOT,
                "{\"time\":\"%s\",\"method\":\"%s\",\"route\":\"%s\",\"status\":%d,\"ms\":%.1f,\"texts\":%d,\"tokens\":%d}%n",
                Instant.now().truncatedTo(ChronoUnit.MILLIS), method, route, status, millis, work.texts(),
                work.tokens());
        out.print(line);
        out.flush();
    }

    /** A fault of ours: where it was, and not what it says, since that may quote a text. */
    void unexpected(Throwable failure) {
        StackTraceElement[] trace = failure.getStackTrace();
        out.println("bgem3: unexpected " + failure.getClass().getName()
                + (trace.length == 0 ? "" : " at " + trace[0]));
        out.flush();
    }
}
