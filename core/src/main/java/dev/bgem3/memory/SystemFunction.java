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
import java.util.stream.Collectors;

/**
 * A function of the operating system that takes up to six integers or addresses, no more as it likes, and
 * returns one. Thread-safe.
 *
 * <p>
 * All are called in one shape, with six arguments of 64 bits and such a result, because every further shape
 * costs Java about 10 ms when a program starts. The calling conventions of 64-bit systems allow it: arguments
 * are in registers, or in room that the caller takes and gives back, so a function does not see those that it
 * does not take. A narrower one must come with its sign in the upper half, as a Java int that becomes a long
 * does: some functions (x86-64, AArch64) read the lower half alone, others (RISC-V, POWER, s390x) count on
 * the caller to have extended it. Of a narrower result the lower half counts.
 */
@SuppressWarnings("restricted")
public final class SystemFunction {
    private static final int MAX_ARGUMENTS = 6;
    private static final String ERROR = System.getProperty("os.name").startsWith("Windows")
            ? "GetLastError"
            : "errno";

    /**
     * What all functions are called by.
     *
     * @param state
     *            the layout of what the system says of an error
     * @param errorOffset
     *            where in it the error's number is
     */
    private record Shape(MethodHandle call, StructLayout state, long errorOffset) {}

    /** Null until the first function is found. */
    private static Shape shape;

    private final String name;
    private final MemorySegment address;
    private final Shape how;

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
     * @throws UnsupportedOperationException
     *             where Java has no way to make them, or addresses do not have 64 bits
     */
    public SystemFunction(SymbolLookup library, String name) {
        this.name = name;
        how = shape();
        address = library.findOrThrow(name);
    }

    private static synchronized Shape shape() {
        if (shape == null) {
            long addressBytes = ValueLayout.ADDRESS.byteSize();
            if (addressBytes != Long.BYTES) {
                throw new UnsupportedOperationException(
                        "addresses of " + addressBytes + " bytes (expected: " + Long.BYTES + ")");
            }
            ValueLayout.OfLong any = ValueLayout.JAVA_LONG;
            StructLayout state = Linker.Option.captureStateLayout();
            shape = new Shape(
                    Linker.nativeLinker().downcallHandle(
                            FunctionDescriptor.of(any, any, any, any, any, any, any),
                            Linker.Option.captureCallState(ERROR)),
                    state, state.byteOffset(PathElement.groupElement(ERROR)));
        }
        return shape;
    }

    /** Calls it with at most six arguments. */
    public Result call(long... arguments) {
        if (arguments.length > MAX_ARGUMENTS) {
            throw new IllegalArgumentException(
                    name + ": " + arguments.length + " arguments (expected: at most "
                            + MAX_ARGUMENTS + ")");
        }
        long[] a = Arrays.copyOf(arguments, MAX_ARGUMENTS);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(how.state);
            long value = (long) how.call.invokeExact(address, state, a[0], a[1], a[2], a[3], a[4], a[5]);
            return new Result(value, state.get(ValueLayout.JAVA_INT, how.errorOffset));
        } catch (RuntimeException | Error known) {
            throw known;
        } catch (Throwable impossible) {
            throw new AssertionError(name + " threw", impossible);
        }
    }

    /** A failed call in words: {@code mmap(0x0, 0x1000) failed: errno 12}. */
    public String failure(Result result, long... arguments) {
        return Arrays.stream(arguments).mapToObj(argument -> "0x" + Long.toHexString(argument))
                .collect(Collectors.joining(", ", name + "(",
                        ") failed: " + ERROR + ' ' + result.error));
    }
}
