package dev.bgem3.asm;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.stream.Collectors;

/** The restricted methods of {@code java.lang.foreign} that this package uses, and calls that report how they failed. */
@SuppressWarnings("restricted")
final class NativeCalls {
    private static final String CURE = "native access is denied to this code; allow it with --enable-native-access="
            + (NativeCalls.class.getModule().isNamed()
                    ? NativeCalls.class.getModule().getName()
                    : "ALL-UNNAMED");

    /** Calls assembled code at the address that comes first, with one pointer; a constant, so that C2 compiles it in. */
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

    /** Refuses clearly if restricted methods may not be called. */
    static void checkAccess() {
        if (DENIED != null) {
            throw new CodeUnavailableException(CURE, DENIED);
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

    /** A handle bound to one piece of code. */
    static MethodHandle codeHandle(MemorySegment code) {
        return Linker.nativeLinker().downcallHandle(code, FunctionDescriptor.ofVoid(ValueLayout.ADDRESS),
                Linker.Option.critical(false));
    }

    /** Native memory as a segment of its size; whoever asks frees it. */
    static MemorySegment view(MemorySegment address, long size) {
        return address.reinterpret(size);
    }

    /** Native memory as a segment of its size that ends with an arena, by an action. */
    static MemorySegment adopt(MemorySegment address, long size, Arena arena, Runnable free) {
        return address.reinterpret(size, arena, _ -> free.run());
    }

    /** A function of a library of the operating system, and the way to learn why it failed. */
    static final class Function {
        private static final AddressLayout POINTER = ValueLayout.ADDRESS;
        private static final StructLayout STATE = Linker.Option.captureStateLayout();

        private final String name;
        private final String error;
        private final MethodHandle handle;

        /**
         * @param error
         *            {@code errno} or {@code GetLastError}
         * @param result
         *            null for a pointer
         */
        Function(SymbolLookup library, String name, String error, MemoryLayout result,
                MemoryLayout... parameters) {
            checkAccess();
            this.name = name;
            this.error = error;
            MemorySegment address = library.find(name)
                    .orElseThrow(() -> new CodeUnavailableException("the system library has no " + name));
            this.handle = Linker.nativeLinker().downcallHandle(address,
                    FunctionDescriptor.of(result == null ? POINTER : result, parameters),
                    Linker.Option.captureCallState(error));
        }

        /** Calls it; a result that is {@code failure} becomes an exception with the call, its arguments and the error. */
        Object call(Object failure, Object... arguments) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment state = arena.allocate(STATE);
                Object[] all = new Object[arguments.length + 1];
                all[0] = state;
                System.arraycopy(arguments, 0, all, 1, arguments.length);
                Object result = handle.invokeWithArguments(all);
                if (failure.equals(result)) {
                    int number = (int) STATE.varHandle(MemoryLayout.PathElement.groupElement(error))
                            .get(state, 0L);
                    throw new CodeUnavailableException(Arrays.stream(arguments).map(Function::show)
                            .collect(Collectors.joining(", ", name + "(",
                                    ") failed: " + error + " " + number)));
                }
                return result;
            } catch (RuntimeException | Error known) {
                throw known;
            } catch (Throwable impossible) {
                throw new AssertionError(name + " threw", impossible);
            }
        }

        private static String show(Object argument) {
            return switch (argument) {
                case MemorySegment pointer -> "0x" + Long.toHexString(pointer.address());
                case Integer number -> "0x" + Integer.toHexString(number);
                default -> argument.toString();
            };
        }
    }

    static SymbolLookup windowsLibrary(String name, Arena arena) {
        return SymbolLookup.libraryLookup(name, arena);
    }
}
