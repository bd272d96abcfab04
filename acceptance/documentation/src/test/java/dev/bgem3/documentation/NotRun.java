package dev.bgem3.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Commands that a test cannot run, each with the reason, the first that fits; what they name is looked up all
 * the same.
 */
enum NotRun {
    /** It is the build that this test is a part of, or another like it. */
    THIS_BUILD("mvn\\b.*"),
    /** It needs a network. */
    NETWORK("(?!.*--offline).*\\b(bgem3|hf) download\\b.*"),
    /** It needs an NVIDIA card. */
    CARD(".*--device cuda --model.*"),
    /** It needs BGE-M3. */
    BGE_M3(".*(models/bge-m3(?!-mini)|BAAI/bge-m3).*"),
    /** It takes minutes to hours, or installs the peers. */
    BENCHMARK("bench/.*"),
    /** It names jars of the reader's; {@link GettingStartedTest} runs those of that page. */
    READERS_PROJECT("java (--module-path|-jar) .*"),
    /** It needs the archive, and changes the machine. */
    ARCHIVE("(sha256sum|tar|ln) .*"),
    /** It runs this test, and all others. */
    WHOLE_CHECK("\\.ci/run");

    private static final Pattern BGEM3 = Pattern.compile("(?:^|[\\s/])bgem3 ([a-z]+)([^|&]*)");
    private static final Pattern OPTION = Pattern.compile("(?<=\\s)--[a-z][a-z-]*");
    private static final Pattern PROFILES = Pattern.compile("(?<=\\s)-P(\\S+)");
    private static final Pattern MODULES = Pattern.compile("(?<=\\s)-pl (\\S+)");
    private static final Pattern SCRIPT = Pattern.compile("^(?:bench|src|\\.ci)/\\S+");

    private final Pattern commands;

    NotRun(String commands) {
        this.commands = Pattern.compile(commands);
    }

    static Optional<NotRun> of(DocumentPage.Command command) {
        return Arrays.stream(values()).filter(entry -> entry.commands.matcher(command.words()).matches())
                .findFirst();
    }

    /** Checks that the commands, options, profiles, modules and scripts that a command names exist. */
    static void check(DocumentPage.Command command, Function<String, String> help) {
        for (MatchResult call : BGEM3.matcher(command.words()).results().toList()) {
            String text = help.apply(call.group(1));
            OPTION.matcher(call.group(2)).results().map(MatchResult::group).forEach(
                    option -> assertThat(text).as("%s", command).containsPattern(option + "(?![a-z-])"));
        }
        SCRIPT.matcher(command.words()).results().map(MatchResult::group).forEach(
                script -> assertThat(Files.isExecutable(DocumentPage.ROOT.resolve(script))).as(script)
                        .isTrue());
        if (command.words().startsWith("mvn")) {
            names(PROFILES, command).forEach(profile -> assertThat(poms()).as("%s", command)
                    .anyMatch(pom -> pom.contains("<id>" + profile + "</id>")));
            names(MODULES, command)
                    .forEach(module -> assertThat(DocumentPage.ROOT.resolve(module).resolve("pom.xml"))
                            .as("%s", command).exists());
        }
    }

    private static Stream<String> names(Pattern option, DocumentPage.Command command) {
        return option.matcher(command.words()).results()
                .flatMap(match -> Stream.of(match.group(1).split(",")));
    }

    private static List<String> poms() {
        List<String> folders = List.of("", "core", "app", "acceptance/browser", "acceptance/clients");
        return folders.stream().map(folder -> DocumentPage.ROOT.resolve(folder).resolve("pom.xml"))
                .map(NotRun::read)
                .toList();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
