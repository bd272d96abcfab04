package dev.bgem3.asm;

import dev.bgem3.memory.SystemFunction;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.NoSuchElementException;
import java.util.function.LongPredicate;

/**
 * Wraps the restricted methods of {@code java.lang.foreign} that this package uses, and system calls whose
 * failures become exceptions.
 */
@SuppressWarnings("restricted")
final class NativeCalls {
    private static final String REMEDY = "native access is denied to this code; "
            + "allow it with --enable-native-access=" + (NativeCalls.class.getModule().isNamed()
                    ? NativeCalls.class.getModule().getName()
                    : "ALL-UNNAMED");

    /**
     * Calls assembled code at the address in its first argument, with one pointer; a constant, so that C2
     * inlines it.
     */
    private static final MethodHandle CALL_CODE;
    private static final IllegalCallerException DENIED;

    static {
        MethodHandle handle = null;
        IllegalCallerException denied = null;
        try {
            handle = Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(ValueLayout.ADDRESS),
                    Linker.Option.critical(false));
        } catch (IllegalCallerException noNativeAccess) {
            denied = noNativeAccess;
        }
        CALL_CODE = handle;
        DENIED = denied;
    }

    private NativeCalls() {}

    /** Throws, with the option that allows native access, if restricted methods may not be called. */
    static void checkAccess() {
        if (DENIED != null) {
            throw new CodeUnavailableException(REMEDY, DENIED);
        }
    }

    static void callCode(MemorySegment code, MemorySegment argument) {
        try {
            CALL_CODE.invokeExact(code, argument);
        } catch (RuntimeException refusal) { // a segment of another thread or of a closed arena
            throw refusal;
        } catch (Throwable impossible) {
            throw new AssertionError("a call of assembled code threw", impossible);
        }
    }

    /** Returns native memory as a segment of the given size; the caller frees it. */
    static MemorySegment view(MemorySegment address, long size) {
        return address.reinterpret(size);
    }

    /** Returns native memory as a segment of the given size that the action frees when the arena closes. */
    static MemorySegment adopt(MemorySegment address, long size, Arena arena, Runnable free) {
        return address.reinterpret(size, arena, _ -> free.run());
    }

    /** Finds a function in a library of the operating system. */
    static SystemFunction function(SymbolLookup library, String name) {
        checkAccess();
        try {
            return new SystemFunction(library, name);
        } catch (NoSuchElementException missing) {
            throw new CodeUnavailableException("the system library has no " + name);
        } catch (UnsupportedOperationException unsupported) {
            throw new CodeUnavailableException(
                    "Java cannot make native calls here: " + unsupported.getMessage());
        }
    }

    /**
     * Calls a function of the system and returns its result; throws, naming the call and the error, if it
     * failed.
     */
    static long call(SystemFunction function, LongPredicate failed, long... arguments) {
        SystemFunction.Result result = function.call(arguments);
        if (failed.test(result.value())) {
            throw new CodeUnavailableException(function.failure(result, arguments));
        }
        return result.value();
    }

    static SymbolLookup windowsLibrary(String name, Arena arena) {
        return SymbolLookup.libraryLookup(name, arena);
    }
}
