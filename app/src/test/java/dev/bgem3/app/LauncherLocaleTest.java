package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.testsupport.TestSizes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests the effect of the locale on text that is passed to the program. Shells create all non-ASCII text, so
 * that the locale of the tests has no effect.
 */
class LauncherLocaleTest extends LauncherFixture {
    /** "Grüße 北京" as octal numbers for printf. */
    private static final String UTF_8 = "Gr\\303\\274\\303\\237e \\345\\214\\227\\344\\272\\254";
    private static final String GB18030 = "Gr\\250\\271\\201\\060\\211\\070e \\261\\261\\276\\251";
    private static final String JSON = """
            {"query":"Gr\\u00fc\\u00dfe \\u5317\\u4eac","passage":"Gruesse"}
            """;
    /** A shell command that runs Java with the program's jars, which are in CLASSPATH. */
    private static final String JAVA = "'" + JDK + "/bin/java' --enable-native-access=ALL-UNNAMED "
            + "-Dbgem3.kernels=scalar dev.bgem3.app.Main ";

    private static final String TURKISH = "-Duser.language=tr -Duser.country=TR";
    private static final String ARABIC = "-Duser.language=ar -Duser.country=EG";

    /** Shared by all tests, since creating a locale takes seconds. */
    @TempDir
    private static Path locales;
    private static String expected;

    private Result shell(Map<String, String> environment, String commands) throws Exception {
        return run("", environment, "/bin/sh", "-c", commands);
    }

    /** Scores the text, whose bytes are octal numbers. */
    private Result score(Map<String, String> environment, String octal) throws Exception {
        return shell(environment,
                "'a project/bgem3' score --query \"$(printf '" + octal + "')\" --passage Gruesse");
    }

    /** Returns the scores of the text without the influence of a locale. */
    private String expected() throws Exception {
        if (expected == null) {
            expected = run(JSON, Map.of(), launcher("score")).out();
            assertThat(expected).startsWith("{\"id\":0,\"dense\":");
        }
        return expected;
    }

    /** Installs a locale, and returns its LOCPATH. */
    private String install(String language, String encoding) throws Exception {
        String name = language + "." + encoding;
        if (!Files.exists(locales.resolve(name))) {
            shell(Map.of(),
                    "localedef -i " + language + " -f " + encoding + " '" + locales.resolve(name) + "'");
        }
        assumeTrue(Files.exists(locales.resolve(name).resolve("LC_CTYPE")),
                "localedef, or what it makes the locale " + name + " of, is not here");
        return locales.toString();
    }

    /** Creates an archive whose Java is a script that prints the locale that the launcher chose. */
    private Path makeEcho() throws IOException {
        Path archive = makeArchive();
        Files.delete(archive.resolve("runtime"));
        Files.createDirectories(archive.resolve("runtime/bin"));
        PackagedProgram.script(archive.resolve("runtime/bin/java"), "echo \"$LC_ALL\"\n");
        return archive;
    }

    @Test
    void replacesUtf8AndMissingLocalesByAnInstalledOne() throws Exception {
        Path archive = makeEcho();
        for (String shell : List.of("/bin/sh", "/bin/bash")) {
            for (Map<String, String> environment : List.<Map<String, String>>of(Map.of(), Map.of("LANG", "C"),
                    Map.of("LANG", "POSIX"), Map.of("LANG", "xx_YY.UTF-8"), Map.of("LC_ALL", "xx_YY.utf8"),
                    Map.of("LANG", "xx_YY"), Map.of("LC_CTYPE", "xx_YY.GB18030"),
                    Map.of("LC_ALL", "", "LC_CTYPE", "", "LANG", ""),
                    // PATH without the program "locale".
                    Map.of("LANG", "xx_YY", "PATH", ""))) {
                Result result = run("", environment, shell, archive.resolve("bgem3").toString());
                assertThat(result.out()).as("%s in %s", environment, shell).isEqualTo("C.UTF-8\n");
                assertThat(result.err().lines().filter(line -> line.startsWith("bgem3"))).isEmpty();
            }
        }
    }

    @Test
    void keepsAnInstalledLocaleOfAnotherEncoding() throws Exception {
        Path archive = makeEcho();
        String folder = install("zh_CN", "GB18030");
        for (Map<String, String> environment : List.of(Map.of("LANG", "zh_CN.GB18030"),
                Map.of("LANG", "C.UTF-8", "LC_CTYPE", "zh_CN.GB18030"),
                Map.of("LC_ALL", "zh_CN.GB18030", "LC_CTYPE", "C.UTF-8", "LANG", "C"))) {
            assertThat(echo(archive, folder, environment)).as(environment.toString())
                    .isEqualTo("zh_CN.GB18030\n");
        }
        for (Map<String, String> environment : List.of(Map.of("LC_CTYPE", "C", "LANG", "zh_CN.GB18030"),
                Map.of("LC_ALL", "xx_YY.UTF-8", "LC_CTYPE", "zh_CN.GB18030"))) {
            assertThat(echo(archive, folder, environment)).as(environment.toString()).isEqualTo("C.UTF-8\n");
        }
    }

    private String echo(Path archive, String folder, Map<String, String> environment) throws Exception {
        Map<String, String> all = new HashMap<>(environment);
        all.put("LOCPATH", folder);
        return run("", all, archive.resolve("bgem3").toString()).out();
    }

    @Test
    void findsAnotherUtf8LocaleIfCUtf8IsMissing() throws Exception {
        Path archive = makeEcho();
        String hide = "unshare -rm sh -c 'mount -t tmpfs none /usr/lib/locale && exec \"$@\"' sh ";
        assumeTrue(shell(Map.of(), hide + "true").exitCode() == 0, "no mount namespace can be made here");
        PackagedProgram.script(tools.resolve("locale"), """
                if [ "$1" = -a ]; then
                  printf '%s\\n' C POSIX de_DE.iso88591 nl_NL.utf8
                else
                  case $LC_ALL in nl_NL.utf8 | fr_FR.UTF-8) echo UTF-8 ;; *) echo ANSI_X3.4-1968 ;; esac
                fi
                """);
        String launcher = hide + "'" + archive.resolve("bgem3") + "'";
        assertThat(shell(Map.of("LANG", "fr_FR.UTF-8"), launcher).out()).isEqualTo("fr_FR.UTF-8\n");
        assertThat(shell(Map.of("LANG", "xx_YY.UTF-8"), launcher).out()).isEqualTo("nl_NL.utf8\n");
        assertThat(shell(Map.of(), launcher).out()).isEqualTo("nl_NL.utf8\n");
        PackagedProgram.script(tools.resolve("locale"), "echo ANSI_X3.4-1968");
        assertThat(shell(Map.of(), launcher).out()).isEqualTo("C.UTF-8\n");
    }

    @Test
    void argumentsReachTheModelUnchanged() throws Exception {
        String expected = expected();
        List<Map<String, String>> environments = List.of(Map.of("LANG", "xx_YY.UTF-8"),
                Map.of("LC_ALL", "C"), Map.of());
        for (Map<String, String> environment : environments.subList(0, TestSizes.pick(1, 3))) {
            Result result = score(environment, UTF_8);
            assertThat(result.err()).as(environment.toString()).isEmpty();
            assertThat(result.out()).as(environment.toString()).isEqualTo(expected);
        }
    }

    @Test
    void argumentsReachTheModelInTheEncodingOfTheirLocale() throws Exception {
        String expected = expected();
        Map<String, String> environment = Map.of("LOCPATH", install("zh_CN", "GB18030"), "LC_ALL",
                "zh_CN.GB18030");
        Result result = score(environment, GB18030);
        assertThat(result.err()).isEmpty();
        assertThat(result.out()).isEqualTo(expected);
        // Restarts through the launcher, as after a failed self-test of the jit kernels.
        Map<String, String> twice = new HashMap<>(environment);
        twice.put("JDK_JAVA_OPTIONS", "-Dbgem3.kernels=vector");
        Result again = score(twice, GB18030);
        assertThat(again.exitCode()).as(again.err()).isZero();
        assertThat(again.out()).startsWith("{\"id\":0,\"dense\":" + expected.substring(16, 21));
    }

    @Test
    void fileNamesAreInTheLocalesEncodingAndContentsInUtf8() throws Exception {
        Map<String, String> environment = Map.of("LOCPATH", install("zh_CN", "GB18030"), "LC_ALL",
                "zh_CN.GB18030");
        Result result = shell(environment, """
                name=$(printf '%s') && mkdir "$name" && printf '%s\\n' >"$name/$name" && cd "$name" &&
                '../a project/bgem3' tokenize --input "$name" --output "$name.out" && cat "$name.out"
                """.formatted(GB18030, UTF_8));
        assertThat(result.exitCode()).as(result.err()).isZero();
        Result utf8 = shell(Map.of(), "printf '" + UTF_8 + "\\n' | 'a project/bgem3' tokenize");
        assertThat(utf8.out()).startsWith("{\"id\":0,\"ids\":[");
        assertThat(result.out()).isEqualTo(utf8.out());
    }

    /** Such a name is also passed to system functions, and their messages are decoded. */
    @Test
    void replacesAFileWhoseNameIsInTheLocalesEncoding() throws Exception {
        Map<String, String> environment = Map.of("LOCPATH", install("zh_CN", "GB18030"), "LC_ALL",
                "zh_CN.GB18030");
        Result result = shell(environment, """
                name=$(printf '%s') && mkdir out && echo old >"out/$name" &&
                echo one | 'a project/bgem3' tokenize --output "out/$name" && ls -A out | wc -l &&
                cat "out/$name"
                """.formatted(GB18030));
        assertThat(result.err()).isEmpty();
        assertThat(result.exitCode()).isZero();
        assertThat(result.out().lines().map(String::strip)).hasSize(2).startsWith("1").last().asString()
                .startsWith("{\"id\":0,\"ids\":[");
        Result closed = shell(environment, "'a project/bgem3' tokenize --output /dev/fd/93 </dev/null");
        assertThat(closed.err()).startsWith("bgem3: /dev/fd/93: cannot be written: ").hasLineCount(1)
                .doesNotContain("charset");
        assertThat(closed.exitCode()).isEqualTo(1);
    }

    @Test
    void languageOfTheLocaleDoesNotChangeOutput() throws Exception {
        for (String command : TestSizes.pick(List.of("demo"), List.of("info", "demo"))) {
            String[] words = launcher(command);
            Result plain = run("", Map.of(), words);
            for (String language : TestSizes.pick(List.of(ARABIC), List.of(TURKISH, ARABIC))) {
                Result result = run("", Map.of("BGEM3_JAVA_OPTS", language), words);
                assertThat(result).as("%s with %s", command, language).isEqualTo(plain);
            }
        }
        String expected = expected();
        for (String encoding : TestSizes.pick(List.of("ISO-8859-9"), List.of("UTF-8", "ISO-8859-9"))) {
            Map<String, String> turkish = Map.of("LOCPATH", install("tr_TR", encoding), "LANG",
                    "tr_TR." + encoding);
            assertThat(run(JSON, turkish, launcher("score")).out()).as(encoding).isEqualTo(expected);
        }
    }

    @Test
    void rejectsBytesThatAreInvalidInTheLocale() throws Exception {
        Result refused = score(Map.of("LANG", "xx_YY.GB18030"), GB18030);
        assertThat(refused.exitCode()).isEqualTo(2);
        assertThat(refused.out()).isEmpty();
        assertThat(refused.err()).isEqualTo("""
                bgem3: argument 3: characters were lost, since Java decodes it by the locale \
                (LC_ALL=C.UTF-8) as UTF-8 (expected: text of that encoding, or an installed locale of the \
                text's own encoding)
                """);
    }

    @Test
    void acceptsAnIntendedReplacementCharacter() throws Exception {
        String character = "\"$(printf '\\357\\277\\275')\"";
        Result meant = shell(Map.of(), "'a project/bgem3' score --passage Gruesse --query " + character);
        assertThat(meant.exitCode()).as(meant.err()).isZero();
        assertThat(meant.out()).isEqualTo(run("{\"query\":\"\\ufffd\",\"passage\":\"Gruesse\"}", Map.of(),
                launcher("score")).out());
        Result both = shell(Map.of(), "'a project/bgem3' score --query " + character
                + " --passage \"$(printf '\\374')\"");
        assertThat(both.err()).startsWith("bgem3: argument 5: characters were lost").hasLineCount(1);
        Result variable = shell(Map.of(), "BGEM3_MODEL=/none/" + character + " 'a project/bgem3' info");
        assertThat(variable.exitCode()).isEqualTo(1);
        assertThat(variable.err()).startsWith("bgem3: model /none/\ufffd (from BGEM3_MODEL): not found");
        Result lost = shell(Map.of(), "BGEM3_MODEL=$(printf '\\374') 'a project/bgem3' info");
        assertThat(lost.exitCode()).isEqualTo(2);
        assertThat(lost.err())
                .startsWith("bgem3: the environment variable BGEM3_MODEL: characters were lost");
    }

    @Test
    void rejectsArgumentsInAnEncodingUnknownToJava() throws Exception {
        Map<String, String> environment = Map.of("LOCPATH", install("hy_AM", "ARMSCII-8"), "LC_ALL",
                "hy_AM.ARMSCII-8");
        Result refused = score(environment, UTF_8);
        assertThat(refused.exitCode()).isEqualTo(2);
        assertThat(refused.err()).contains("bgem3: argument 3: ", "as ARMSCII-8 (expected: a UTF-8 locale");
    }

    @Test
    void withoutTheLauncherRejectsCharactersLostByAnAsciiLocale() throws Exception {
        String text = "\"$(printf '" + UTF_8 + "')\"";
        Map<String, String> calls = Map.of("argument 2", JAVA + "tokenize --input=" + text,
                "the environment variable HF_HOME",
                "unset BGEM3_MODEL; HF_HOME=" + text + " " + JAVA + "tokenize",
                "the environment variable BGEM3_MODEL", "BGEM3_MODEL=" + text + " " + JAVA + "tokenize",
                "the environment variable BGEM3_TRACE", "BGEM3_TRACE=" + text + " " + JAVA + "--version",
                "bgem3.home", JAVA.replace("dev.", "-Dbgem3.home=" + text + " dev.") + "--version",
                "the current folder", "mkdir -p " + text + " && cd " + text + " && " + JAVA + "--version");
        List<Map<String, String>> locales = List.of(Map.of("LANG", "xx_YY.UTF-8"), Map.of("LC_ALL", "C"),
                Map.of());
        for (Map<String, String> locale : locales.subList(0, TestSizes.pick(1, 3))) {
            String named = locale.entrySet().stream().map(Object::toString).findFirst().orElse("none is set");
            for (Map.Entry<String, String> call : calls.entrySet()) {
                Result result = shell(withClassPath(locale), call.getValue());
                assertThat(result.exitCode()).as(call.getKey()).isEqualTo(2);
                assertThat(result.out()).isEmpty();
                assertThat(result.err()).startsWith("""
                        bgem3: %s: characters were lost, since Java decodes it by the locale (%s) as \
                        ANSI_X3.4-1968 (expected: a UTF-8 locale that is installed, such as LC_ALL=C.UTF-8)
                        """.formatted(call.getKey(), named));
            }
        }
    }

    @Test
    void withoutTheLauncherAcceptsDecodableTextAndIgnoresUnusedVariables() throws Exception {
        Result ascii = shell(withClassPath(Map.of("LC_ALL", "C")),
                "HF_HOME=$(printf '" + UTF_8 + "') OTHER=$(printf '" + UTF_8 + "') " + JAVA + "--version");
        assertThat(ascii.exitCode()).as(ascii.err()).isZero();
        Result utf8 = shell(withClassPath(Map.of("LC_ALL", "C.UTF-8")),
                JAVA + "score --query \"$(printf '" + UTF_8 + "')\" --passage Gruesse");
        Result same = run(JSON, Map.of("BGEM3_JAVA_OPTS", "-Dbgem3.kernels=scalar"), launcher("score"));
        assertThat(utf8.out()).as(utf8.err()).isNotEmpty().isEqualTo(same.out());
    }

    private Map<String, String> withClassPath(Map<String, String> environment) {
        Map<String, String> all = new HashMap<>(environment);
        all.put("CLASSPATH", home.resolve("app/target/lib") + "/*");
        return all;
    }

    @Test
    void runsInAFolderWhoseNameTheLocaleCanDecode() throws Exception {
        linkModel();
        String run = "mv 'a project' \"$(printf '" + UTF_8 + "')\" && unset BGEM3_MODEL && "
                + "HF_HOME=$(printf '/none/" + UTF_8 + "') \"$(printf '" + UTF_8 + "')/bgem3\" info";
        Result result = shell(Map.of("LANG", "xx_YY.UTF-8"), run);
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.out())
                .containsPattern("folder +/.*Gr\\u00fc\\u00dfe \\u5317\\u4eac/models/bge-m3-mini");
    }

    @Test
    void rejectsAFolderWhoseNameTheLocaleCannotDecode() throws Exception {
        assumeTrue(shell(Map.of(), "command -v iconv").exitCode() == 0, "this system has no iconv");
        for (String shell : List.of("sh", "bash")) {
            Result result = shell(Map.of(), """
                    folder=$(printf 'm\\344') && mkdir -p "$folder" && cp 'a project/bgem3' "$folder" &&
                    %s "$folder/bgem3" --version
                    """.formatted(shell));
            assertThat(result.exitCode()).as(result.err()).isEqualTo(3);
            assertThat(result.err()).contains(": the folder's name is not UTF-8 text").hasLineCount(1);
        }
    }
}
