package dev.bgem3.app.stream;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.Charset;
import java.nio.file.Path;

/** POSIX functions that Java's library does not offer. */
final class SystemCalls {
    private static final int EINTR = 4; // errno.h of Linux and the BSDs
    private static final String ERROR = "errno";
    /** The encoding in which Java passes file names to the system. */
    static final Charset ENCODING = Charset.forName(System.getProperty("sun.jnu.encoding"));

    private SystemCalls() {}

    /**
     * Writes bytes to a descriptor: write(2).
     *
     * @return the number of bytes written
     * @throws IOException
     *             with the system's message
     */
    static long write(int descriptor, MemorySegment bytes) throws IOException {
        StructLayout state = Linker.Option.captureStateLayout();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment captured = arena.allocate(state);
            MethodHandle write = function("write", FunctionDescriptor.of(ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG),
                    Linker.Option.captureCallState(ERROR));
            while (true) {
                long count = (long) write.invokeExact(captured, descriptor, bytes, bytes.byteSize());
                if (count >= 0) {
                    return count;
                }
                int error = captured.get(ValueLayout.JAVA_INT,
                        state.byteOffset(PathElement.groupElement(ERROR)));
                if (error != EINTR) {
                    throw new IOException(words(error));
                }
            }
        } catch (IOException | RuntimeException | Error known) {
            throw known;
        } catch (Throwable impossible) {
            throw new AssertionError("write threw", impossible);
        }
    }

    @SuppressWarnings("restricted")
    private static String words(int error) throws Throwable {
        MethodHandle words = function("strerror",
                FunctionDescriptor.of(ValueLayout.ADDRESS.withTargetLayout(
                        MemoryLayout.sequenceLayout(Long.MAX_VALUE, ValueLayout.JAVA_BYTE)),
                        ValueLayout.JAVA_INT));
        return text((MemorySegment) words.invokeExact(error));
    }

    /** Decodes a C string; {@link MemorySegment#getString} takes only Java's standard charsets. */
    private static String text(MemorySegment string) {
        long length = 0;
        while (string.get(ValueLayout.JAVA_BYTE, length) != 0) {
            length++;
        }
        return new String(string.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), ENCODING);
    }

    /** Encodes a C string; {@link Arena#allocateFrom} takes only Java's standard charsets. */
    private static MemorySegment string(Arena arena, String text) {
        byte[] bytes = text.getBytes(ENCODING);
        MemorySegment string = arena.allocate(bytes.length + 1L); // zeros, so that it ends in one
        MemorySegment.copy(bytes, 0, string, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return string;
    }

    /**
     * Returns whether a file has a Linux access control list: acl(5). False if this process has no native
     * access.
     */
    static boolean hasAccessControlList(Path path) {
        if (!System.getProperty("os.name").equals("Linux")
                || !SystemCalls.class.getModule().isNativeAccessEnabled()) {
            return false;
        }
        try (Arena arena = Arena.ofConfined()) {
            MethodHandle size = function("getxattr", FunctionDescriptor.of(ValueLayout.JAVA_LONG,
                    ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));
            return (long) size.invokeExact(string(arena, path.toString()),
                    arena.allocateFrom("system.posix_acl_access"), MemorySegment.NULL, 0L) > 0;
        } catch (RuntimeException | Error known) {
            throw known;
        } catch (Throwable impossible) {
            throw new AssertionError("getxattr threw", impossible);
        }
    }

    @SuppressWarnings("restricted")
    private static MethodHandle function(String name, FunctionDescriptor shape, Linker.Option... options) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), shape, options);
    }
}
