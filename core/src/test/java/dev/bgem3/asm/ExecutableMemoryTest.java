package dev.bgem3.asm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.asm.x64.Abi;
import dev.bgem3.asm.x64.Gpr;
import dev.bgem3.asm.x64.Mem;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExecutableMemoryTest {
    /** Adds 1 to the number that the argument points to. */
    private static byte[] increment() {
        Abi abi = Abi.ofThisMachine();
        return abi.function(code -> {
            code.mov(Gpr.RAX, Mem.at(abi.argument()));
            code.add(Gpr.RAX, 1);
            code.mov(Mem.at(abi.argument()), Gpr.RAX);
        });
    }

    /** A program for a separate JVM that tries to load code and prints the result. */
    public static final class Attempt {
        private Attempt() {}

        /** Loads code, runs it and prints the result. */
        public static void main(String[] args) {
            try (Arena arena = Arena.ofConfined()) {
                Code code = ExecutableMemory.load(arena, "increment", increment());
                MemorySegment number = arena.allocateFrom(ValueLayout.JAVA_LONG, 41);
                code.call(number);
                System.out.println("ran: " + number.get(ValueLayout.JAVA_LONG, 0));
                Path map = Path.of("/tmp/perf-" + ProcessHandle.current().pid() + ".map");
                if (Files.exists(map)) {
                    System.out.print(Files.readString(map));
                    Files.delete(map);
                }
            } catch (CodeUnavailableException unavailable) {
                System.out.println("unavailable: " + unavailable.getMessage());
            } catch (IOException failure) {
                System.out.println(failure);
            }
        }
    }

    @BeforeEach
    void needsX86() {
        String processor = System.getProperty("os.arch");
        assumeTrue(List.of("amd64", "x86_64").contains(processor),
                () -> "assembled code needs x86-64, not " + processor);
    }

    @Test
    void runsCode() throws Throwable {
        try (Arena arena = Arena.ofConfined()) {
            Code code = ExecutableMemory.load(arena, "increment", increment());
            MemorySegment number = arena.allocateFrom(ValueLayout.JAVA_LONG, 41);
            code.call(number);
            assertThat(number.get(ValueLayout.JAVA_LONG, 0)).isEqualTo(42);
            assertThat(code.bytes().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(increment());
        }
    }

    /** Returns the mapping of the code's first byte; the system may merge it with those of adjacent code. */
    private static List<String> mappings(Path maps, Code code) throws IOException {
        long address = code.bytes().address();
        return Files.readAllLines(maps).stream().filter(line -> {
            String[] range = line.split("[- ]");
            return Long.compareUnsigned(Long.parseUnsignedLong(range[0], 16), address) <= 0
                    && Long.compareUnsigned(address, Long.parseUnsignedLong(range[1], 16)) < 0;
        }).toList();
    }

    @Test
    void isNeverWritableAndExecutable() throws IOException {
        Path maps = Path.of("/proc/self/maps");
        assumeTrue(Files.exists(maps), "no /proc/self/maps to read protections from");
        try (Arena arena = Arena.ofConfined()) {
            Code code = ExecutableMemory.load(arena, "increment", increment());
            assertThat(mappings(maps, code)).singleElement().asString().contains(" r-xp ");
            assertThat(code.bytes().isReadOnly()).isTrue();
        }
    }

    @Test
    void isUnmappedWithItsArena() throws IOException {
        Code code;
        try (Arena arena = Arena.ofConfined()) {
            code = ExecutableMemory.load(arena, "increment", increment());
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment number = arena.allocateFrom(ValueLayout.JAVA_LONG, 41);
            assertThatThrownBy(() -> code.call(number)).isInstanceOf(IllegalStateException.class);
        }
        Path maps = Path.of("/proc/self/maps");
        if (Files.exists(maps)) {
            assertThat(mappings(maps, code)).noneMatch(line -> line.contains(" r-xp "));
        }
    }

    @Test
    void failureNamesCallArgumentsAndError() {
        assumeTrue(Abi.ofThisMachine() == Abi.SYSTEM_V, "Windows has no mmap");
        PosixMemory memory = new PosixMemory(System.getProperty("os.name").startsWith("Mac"));
        assertThatThrownBy(() -> memory.map(0)).isInstanceOf(CodeUnavailableException.class)
                .hasMessageMatching(
                        "mmap\\(0x0, 0x0, 0x3, 0x\\d+, 0xffffffffffffffff, 0x0\\) failed: errno 22");
        assertThatThrownBy(() -> memory.makeExecutable(MemorySegment.ofAddress(0x1001), 1))
                .isInstanceOf(CodeUnavailableException.class)
                .hasMessage("mprotect(0x1001, 0x1, 0x5) failed: errno 22");
    }

    @Test
    void refusesArgumentsOnTheHeap() {
        try (Arena arena = Arena.ofConfined()) {
            Code code = ExecutableMemory.load(arena, "increment", increment());
            assertThatThrownBy(() -> code.call(MemorySegment.ofArray(new long[1])))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void saysHowToAllowNativeAccess(@TempDir Path folder) throws Exception {
        assertThat(attempt(folder, "--illegal-native-access=deny"))
                .startsWith("unavailable: native access is denied")
                .contains("--enable-native-access=ALL-UNNAMED");
    }

    @Test
    void refusesAnotherProcessor(@TempDir Path folder) throws Exception {
        assertThat(attempt(folder, "-Dos.arch=aarch64", "--enable-native-access=ALL-UNNAMED"))
                .startsWith("unavailable: processor: aarch64 (expected: amd64 or x86_64)");
    }

    @Test
    void refusesAnotherOperatingSystem(@TempDir Path folder) throws Exception {
        assertThat(attempt(folder, "-Dos.name=Plan 9", "--enable-native-access=ALL-UNNAMED"))
                .startsWith("unavailable: operating system: Plan 9 (expected: Linux, macOS or Windows)");
    }

    @Test
    void namesCodeForProfilers(@TempDir Path folder) throws Exception {
        assumeTrue(Files.isDirectory(Path.of("/tmp")) && System.getProperty("os.name").equals("Linux"),
                "perf is Linux's");
        assertThat(attempt(folder, "-Dbgem3.perfMap=true", "--enable-native-access=ALL-UNNAMED"))
                .containsPattern("ran: 42\\s[0-9a-f]+ [0-9a-f]+ increment\\s");
    }

    private static String attempt(Path folder, String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Attempt.class.getName()));
        Path output = folder.resolve("output");
        Process process = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(output.toFile()).start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return Files.readString(output, StandardCharsets.UTF_8);
    }
}
