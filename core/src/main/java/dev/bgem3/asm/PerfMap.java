package dev.bgem3.asm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Names code for Linux's {@code perf}: with {@code -Dbgem3.perfMap=true}, writes a line to
 * {@code /tmp/perf-PID.map} for each piece of code, with its address and size in hexadecimal and its name
 * (linux: tools/perf/Documentation/jit-interface.txt).
 *
 * <p>
 * The JVM's own -XX:+DumpPerfMapAtExit overwrites the same file; use one of them.
 */
final class PerfMap {
    private static final String PROPERTY = "bgem3.perfMap";

    private PerfMap() {}

    static synchronized void add(String name, MemorySegment code) {
        if (!Boolean.getBoolean(PROPERTY)) {
            return;
        }
        Path file = Path.of("/tmp/perf-" + ProcessHandle.current().pid() + ".map");
        String line = String.format("%x %x %s%n", code.address(), code.byteSize(), name);
        try {
            Files.writeString(file, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException failure) {
            throw new UncheckedIOException(file + ": cannot be written; leave out -D" + PROPERTY, failure);
        }
    }
}
