package dev.bgem3.app;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Replaces this process by the launcher, with the same streams and arguments, as a shell's {@code exec} does.
 */
final class Launcher {
    private static final String SHELL = "/bin/sh";

    private Launcher() {}

    /**
     * Replaces this process by the launcher. Nothing of this program runs afterwards, so close all output
     * before the call, but not the standard streams. The launcher inherits the open jars, which is harmless.
     *
     * @param variable
     *            an environment variable to set
     * @return why it failed; does not return on success
     */
    static String become(Path home, String variable, String... arguments) {
        Path launcher = home.resolve("bgem3");
        if (!Files.isReadable(launcher)) {
            return failure(launcher + " cannot be read");
        }
        List<String> words = new ArrayList<>(List.of(SHELL, launcher.toString()));
        words.addAll(List.of(arguments));
        try (Arena arena = Arena.ofConfined()) {
            // One more than the words, for the terminating null.
            MemorySegment vector = arena.allocate(ValueLayout.ADDRESS, words.size() + 1L);
            for (int i = 0; i < words.size(); i++) {
                vector.setAtIndex(ValueLayout.ADDRESS, i,
                        arena.allocateFrom(ValueLayout.JAVA_BYTE, NativeText.encode(words.get(i))));
            }
            int set = (int) function("setenv", ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT)
                    .invokeExact(arena.allocateFrom(variable), arena.allocateFrom("1"), 1);
            int ran = (int) function("execv", ValueLayout.ADDRESS, ValueLayout.ADDRESS)
                    .invokeExact(arena.allocateFrom(SHELL), vector);
            return failure("setenv gave " + set + ", execv " + ran);
        } catch (Throwable e) {
            return failure(e.toString());
        }
    }

    private static String failure(String what) {
        return "the program cannot restart to load Java's Vector API: " + what
                + " (BGEM3_VECTOR_API=1 loads it from the start)";
    }

    @SuppressWarnings("restricted")
    private static MethodHandle function(String name, ValueLayout... arguments) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments));
    }
}
