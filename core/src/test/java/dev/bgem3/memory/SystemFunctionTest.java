package dev.bgem3.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.charset.StandardCharsets;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SystemFunctionTest {
    private static final int EBADF = 9;
    private final SymbolLookup library = Linker.nativeLinker().defaultLookup();

    @BeforeEach
    void needPosix() {
        assumeFalse(System.getProperty("os.name").startsWith("Windows"), "these are functions of POSIX");
    }

    @Test
    void passesFewerThanSixArguments() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocateFrom("seven letters are not these",
                    StandardCharsets.US_ASCII);
            assertThat(new SystemFunction(library, "strlen").call(text.address()).value()).isEqualTo(27);
            assertThat(new SystemFunction(library, "strncmp").call(text.address(), text.address() + 1, 0)
                    .value())
                    .isZero();
        }
        assertThat((int) new SystemFunction(library, "getpid").call().value())
                .isEqualTo((int) ProcessHandle.current().pid());
        assertThat((int) new SystemFunction(library, "abs").call(-5).value()).isEqualTo(5);
    }

    @Test
    void reportsTheErrorOfAFailedCall() {
        SystemFunction close = new SystemFunction(library, "close");
        SystemFunction.Result result = close.call(-1);
        assertThat((int) result.value()).isEqualTo(-1);
        assertThat(result.error()).isEqualTo(EBADF);
        assertThat(close.failure(result, -1, 16))
                .isEqualTo("close(0xffffffffffffffff, 0x10) failed: errno 9");
    }

    @Test
    void rejectsUnknownFunctionsAndTooManyArguments() {
        assertThatThrownBy(() -> new SystemFunction(library, "no_such_function"))
                .isInstanceOf(NoSuchElementException.class);
        SystemFunction abs = new SystemFunction(library, "abs");
        assertThatThrownBy(() -> abs.call(1, 2, 3, 4, 5, 6, 7)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("abs: 7 arguments (expected: at most 6)");
    }
}
