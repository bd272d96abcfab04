package dev.bgem3.documentation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The commands of the README and the guides, run line by line with the launcher on the demonstration model,
 * and their output beside what the page shows. {@link NotRun} lists those that cannot be run here.
 */
class CommandsTest {
    /** {@code mvn -Pfull} sets it: then the pages with the most and the longest commands are run too. */
    private static final boolean FULL = Boolean.getBoolean("bgem3.test.full");
    private static final Set<String> LONG = Set.of("docs/command-line.md", "examples/README.md");
    private static final int INVALID_ARGUMENTS = 2;
    /** What these print depends on processor and clock. */
    private static final Pattern MACHINES_OWN = Pattern
            .compile("\\./bgem3 (info|bench|convert --packed)\\b.*");
    private static final Pattern ADDRESS = Pattern.compile("http://127\\.0\\.0\\.1:\\d+");
    private static final Pattern INDENTED = Pattern
            .compile("(?m)^ {4}(\\./|\\$ )?(bgem3|mvn|curl|tar|java) ");

    @TempDir
    private static Path temporary;
    private static InstalledProgram program;
    private static final Map<String, String> HELP = new ConcurrentHashMap<>();

    @BeforeAll
    static void install() throws Exception {
        assumeTrue(Stream.of("/bin/bash", "/usr/bin/curl").map(Path::of).allMatch(Files::isExecutable),
                "the commands want bash and curl");
        program = InstalledProgram.install(temporary);
        program.keepClasses(temporary);
    }

    @AfterAll
    static void remove() throws IOException {
        HELP.clear();
        if (program != null) {
            program.close();
        }
    }

    static List<DocumentPage> pages() throws IOException {
        return DocumentPage.all().filter(page -> !page.shells().isEmpty()).toList();
    }

    /** Two at a time, as src/test/resources/junit-platform.properties says: each has a folder of its own. */
    @ParameterizedTest
    @MethodSource("pages")
    @Execution(ExecutionMode.CONCURRENT)
    void commandsRunAndPrintWhatThePageShows(DocumentPage page) throws Exception {
        Path folder = program.workFolder(temporary.resolve(page.toString().replace('/', '-')));
        try (ServerProcess server = new ServerProcess(program, folder)) {
            for (DocumentPage.Shell shell : page.shells()) {
                run(page, shell, folder, server);
            }
        }
    }

    private void run(DocumentPage page, DocumentPage.Shell shell, Path folder, ServerProcess server)
            throws Exception {
        List<String> out = new ArrayList<>();
        List<String> err = new ArrayList<>();
        boolean compared = false;
        for (DocumentPage.Command command : shell.commands()) {
            if (NotRun.of(command).isPresent() || wantsAnotherMachine(command)
                    || !FULL && LONG.contains(page.toString())) {
                if (command.exitCode() != INVALID_ARGUMENTS) {
                    NotRun.check(command, CommandsTest::help);
                }
            } else if (ServerProcess.isServer(command)) {
                server.start(command);
            } else {
                String words = ADDRESS.matcher(command.words()).replaceAll(server.address());
                InstalledProgram.Result result = program.run(folder, Map.of(), words);
                assertThat(result.exitCode()).as("%s: %s: %s", page, command, result.err())
                        .isEqualTo(command.exitCode());
                out.addAll(result.out());
                err.addAll(result.err());
                compared = !MACHINES_OWN.matcher(words).matches();
            }
        }
        if (compared && shell.shown().isPresent()) {
            assertThat(PrintedOutput.differences(shell.shown().get(), out, err))
                    .as("%s: %s", page, shell.commands()).isEmpty();
        }
    }

    /** Whether a command wants a machine without a card, or a processor with units, that this one is not. */
    private static boolean wantsAnotherMachine(DocumentPage.Command command) throws IOException {
        if (command.words().contains("--device cuda")) {
            return Files.exists(Path.of("/dev/nvidiactl"));
        }
        Path processor = Path.of("/proc/cpuinfo");
        return command.words().contains("--precision int8")
                && !(Files.exists(processor)
                        && Files.readString(processor).matches("(?s).*avx(512)?_vnni.*"));
    }

    private static String help(String command) {
        return HELP.computeIfAbsent(command, name -> {
            try {
                InstalledProgram.Result result = program.run(temporary, Map.of(),
                        "bgem3 " + name + " --help");
                assertThat(result.exitCode()).as("%s", result.err()).isZero();
                return String.join("\n", result.out());
            } catch (Exception e) {
                throw new IllegalStateException(name, e);
            }
        });
    }

    @Test
    void everyReasonForNotRunningIsNeeded() throws IOException {
        Set<NotRun> needed = EnumSet.noneOf(NotRun.class);
        for (DocumentPage page : pages()) {
            page.shells().stream().flatMap(shell -> shell.commands().stream())
                    .forEach(command -> NotRun.of(command).ifPresent(needed::add));
        }
        assertThat(needed).containsExactlyInAnyOrder(NotRun.values());
    }

    /** Others are not found by this test. */
    @Test
    void commandsStandInBlocksOfTheLanguageSh() throws IOException {
        DocumentPage.all().forEach(page -> {
            assertThat(page.languages()).as("%s", page).doesNotContain("bash", "shell", "console");
            assertThat(page.prose()).as("%s", page).doesNotContainPattern(INDENTED);
        });
    }
}
