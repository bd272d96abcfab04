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
 * A function of the operating system that takes up to six integers or addresses, none of them variadic, and
 * returns one. Thread-safe.
 *
 * <p>
 * All functions are called with one signature, six 64-bit arguments and a 64-bit result, because every
 * further signature costs Java about 20 ms at start-up. The calling conventions of 64-bit systems allow this:
 * arguments are in registers, or in stack space that the caller frees, so a function ignores the ones it does
 * not take. A narrower argument must be sign-extended, as when Java widens an int to a long: some functions
 * (x86-64, AArch64) read only the lower half, others (RISC-V, POWER, s390x) expect the caller to have
 * extended it. Only the lower half of a narrower result is defined.
 */
@SuppressWarnings("restricted")
public final class SystemFunction {
    private static final int MAX_ARGUMENTS = 6;
    private static final String ERROR = System.getProperty("os.name").startsWith("Windows")
            ? "GetLastError"
            : "errno";

    /**
     * The method handle that calls every function.
     *
     * @param state
     *            the layout of the captured error state
     * @param errorOffset
     *            the offset of the error number in that state
     */
    private record Shape(MethodHandle call, StructLayout state, long errorOffset) {}

    /** Null until the first function is found. */
    private static Shape shape;

    private final String name;
    private final MemorySegment address;
    private final Shape how;

    /**
     * The result of a call.
     *
     * @param value
     *            the function's return value; if that is an int, only the lower half is defined
     * @param error
     *            the system's error number, if the call failed
     */
    public record Result(long value, int error) {}

    /**
     * Finds a function.
     *
     * @throws NoSuchElementException
     *             if the library has no function of that name
     * @throws IllegalCallerException
     *             if native access is denied to this code
     * @throws UnsupportedOperationException
     *             if Java has no native linker here, or addresses do not have 64 bits
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

    /** Calls the function with at most six arguments. */
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

    /** Describes a failed call: {@code mmap(0x0, 0x1000) failed: errno 12}. */
    public String failure(Result result, long... arguments) {
        return Arrays.stream(arguments).mapToObj(argument -> "0x" + Long.toHexString(argument))
                .collect(Collectors.joining(", ", name + "(",
                        ") failed: " + ERROR + ' ' + result.error));
    }
}
