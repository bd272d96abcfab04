package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Compares {@code docs/command-line.md} with the program's help. */
class CommandLinePageTest {
    private static final Pattern COMMAND = Pattern.compile("(?m)^  ([a-z]+) ");
    private static final Pattern LONG_OPTION = Pattern.compile("(?m)^ +(?:-\\w, )?(--[a-z-]+)");

    @Test
    void documentsEveryCommandAndOption() throws IOException {
        String page = Files.readString(CommandRunner.ROOT.resolve("docs/command-line.md"))
                + Files.readString(CommandRunner.ROOT.resolve("docs/server.md"));
        List<String> commands = found(COMMAND, CommandRunner.run("--help").out());
        assertThat(commands).contains("encode", "serve");
        for (String command : commands) {
            assertThat(page).contains("[`" + command + "`](#")
                    .containsPattern("\n## .*\\b" + command + "\\b");
            List<String> options = found(LONG_OPTION, CommandRunner.run(command, "--help").out());
            assertThat(options).contains("--help");
            for (String option : options) {
                assertThat(page).as("%s of %s", option, command).containsPattern(option + "(?![a-z-])");
            }
        }
    }

    private static List<String> found(Pattern pattern, String help) {
        return pattern.matcher(help).results().map((MatchResult match) -> match.group(1)).toList();
    }
}
