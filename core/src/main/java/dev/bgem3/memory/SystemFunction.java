package dev.bgem3.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.NoSuchElementException;

/**
 * A function of the operating system that takes up to six integers or addresses, and returns one. Thread-safe.
 *
 * <p>
 * All are called in one shape, with six arguments of 64 bits and such a result, because every further shape costs Java about 10 ms when
 * a program starts. The calling conventions of 64-bit systems allow it: arguments are in registers, or in room that the caller takes
 * and gives back, so a function does not see those that it does not take, and of a narrower one it reads the lower part.
 */
@SuppressWarnings("restricted")
public final class SystemFunction {
    private static final int MOST_ARGUMENTS = 6;
    private static final String ERROR = System.getProperty("os.name").startsWith("Windows")
            ? "GetLastError"
            : "errno";

    /** What all functions are called by; null until the first is found. */
    private static MethodHandle shape;

    private final String name;
    private final MemorySegment address;
    private final MethodHandle call;

    /**
     * What a call came to.
     *
     * @param value
     *            what the function returned; where that is an int, the lower half of it
     * @param error
     *            the system's number for what went wrong, if something did
     */
    public record Result(long value, int error) {}

    /**
     * Finds a function.
     *
     * @throws NoSuchElementException
     *             where the library has none of that name
     * @throws IllegalCallerException
     *             where this code may make no native calls
     */
    public SystemFunction(SymbolLookup library, String name) {
        this.name = name;
        call = shape();
        address = library.findOrThrow(name);
    }

    private static synchronized MethodHandle shape() {
        if (shape == null) {
            ValueLayout.OfLong any = ValueLayout.JAVA_LONG;
            shape = Linker.nativeLinker().downcallHandle(
                    FunctionDescriptor.of(any, any, any, any, any, any, any),
                    Linker.Option.captureCallState(ERROR));
        }
        return shape;
    }

    /** Calls it. */
    public Result call(long... arguments) {
        long[] a = Arrays.copyOf(arguments, MOST_ARGUMENTS);
        StructLayout layout = Linker.Option.captureStateLayout();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(layout);
            long value = (long) call.invokeExact(address, state, a[0], a[1], a[2], a[3], a[4], a[5]);
            return new Result(value, state.get(ValueLayout.JAVA_INT,
                    layout.byteOffset(PathElement.groupElement(ERROR))));
        } catch (RuntimeException | Error known) {
            throw known;
        } catch (Throwable impossible) {
            throw new AssertionError(name + " threw", impossible);
        }
    }

    /** A failed call in words: {@code mmap(0x0, 0x1000) failed: errno 12}. */
    public String failure(Result result, long... arguments) {
        StringBuilder text = new StringBuilder(name);
        for (int i = 0; i < arguments.length; i++) {
            text.append(i == 0 ? "(0x" : ", 0x").append(Long.toHexString(arguments[i]));
        }
        return text.append(") failed: ").append(ERROR).append(' ').append(result.error).toString();
    }
}
