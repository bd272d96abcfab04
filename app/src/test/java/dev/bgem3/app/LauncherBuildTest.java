package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Tests when and how the launcher builds the program. */
class LauncherBuildTest extends LauncherFixture {
    @Test
    void rebuildsOnceAfterEachChangeOfASource() throws Exception {
        pretendUnbuilt("echo \"$@\" >> '" + temporary + "/calls'; echo noise; echo more noise >&2");
        Result first = launch("--version");
        assertThat(first.err()).isEmpty();
        assertThat(first.out()).hasLineCount(1);
        assertThat(launchIdle().exitCode()).isZero();
        assertThat(temporary.resolve("calls"))
                .hasContent("-q -B -Dbgem3.program -Dmaven.test.skip package -pl app -am\n");
        pretendBuilt();
        assertThat(launchIdle().exitCode()).isZero();
        assertThat(Files.readAllLines(temporary.resolve("calls"))).hasSize(1);
        for (String source : List.of("core/src/main/A.java", "pom.xml", "app/pom.xml",
                "src/picocli/pom.xml")) {
            Files.setLastModifiedTime(home.resolve("app/target/built"), FileTime.fromMillis(1_000_000_000));
            assertThat(launchIdle().exitCode()).as(source).isZero();
        }
        assertThat(Files.readAllLines(temporary.resolve("calls"))).hasSize(5);
    }

    @Test
    void reportsASourceDatedInTheFutureOnceAndRebuildsWhenItChanges() throws Exception {
        pretendUnbuilt("echo call >> '" + temporary + "/calls'");
        Path folder = home.resolve("core/src/main");
        Path source = folder.resolve("A.java");
        Path removed = Files.writeString(folder.resolve("B.java"), "");
        FileTime tomorrow = FileTime.from(Instant.now().plus(Duration.ofDays(1)));
        Files.setLastModifiedTime(source, tomorrow);
        Result first = launchIdle();
        assertThat(first.exitCode()).isZero();
        assertThat(first.err()).isEqualTo("bgem3: " + source
                + ": dated in the future; check this system's clock, or give it a new date with touch\n");
        assertThat(launchIdle().err()).isEmpty();
        assertThat(temporary.resolve("calls")).hasContent("call\n");

        Files.setLastModifiedTime(folder, tomorrow);
        assertThat(launchIdle().err()).contains(" and 1 more: dated in the future");
        assertThat(launchIdle().err()).isEmpty();
        assertThat(Files.readAllLines(temporary.resolve("calls"))).hasSize(2);

        Files.delete(removed);
        Files.setLastModifiedTime(folder, tomorrow);
        assertThat(launchIdle().exitCode()).isZero();
        assertThat(launchIdle().exitCode()).isZero();
        assertThat(Files.readAllLines(temporary.resolve("calls"))).as("after a file was removed").hasSize(3);

        Files.writeString(source, "changed");
        Files.setLastModifiedTime(source, FileTime.from(Instant.now().plus(Duration.ofHours(1))));
        assertThat(launchIdle().exitCode()).isZero();
        assertThat(launchIdle().exitCode()).isZero();
        assertThat(Files.readAllLines(temporary.resolve("calls"))).as("after its content changed").hasSize(4);

        Files.writeString(source, "changed again");
        assertThat(launchIdle().exitCode()).isZero();
        assertThat(Files.readAllLines(temporary.resolve("calls"))).as("after its date passed").hasSize(5);
    }

    @Test
    void startsWithAndWithoutTheCacheOfClasses() throws Exception {
        pretendUnbuilt("");
        Path model = linkModel();
        assertThat(launch("--version").err()).isEmpty();
        Files.delete(model);
        List<Path> kept;
        try (Stream<Path> files = Files.list(home.resolve("app/target"))) {
            kept = files.filter(file -> file.toString().contains(".aot")).toList();
        }
        assertThat(kept).singleElement().asString().endsWith(".aot");
        // With this option Java exits if it cannot use them.
        Map<String, String> required = Map.of("BGEM3_JAVA_OPTS", "-XX:AOTMode=on");
        assertThat(run("", required, launcher("--version")).exitCode()).isZero();
        assertThat(run("", required, launcher("serve", "--help")).exitCode()).isZero();
        Files.writeString(kept.getFirst(), "damaged");
        assertThat(run("", required, launcher("--version")).exitCode()).isNotZero();
        Result result = launch("--version");
        assertThat(result.err()).isEmpty();
        assertThat(result.out()).startsWith("bgem3 ").hasLineCount(1);
    }

    @Test
    void buildDoesNotDeadlockIfTheVectorApiIsNeeded() throws Exception {
        pretendUnbuilt("");
        linkModel();
        Result result = run("", Map.of("JDK_JAVA_OPTIONS", "-Dbgem3.kernels=vector"), launcher("info"));
        assertThat(result.exitCode()).as(result.err()).isZero();
    }

    @Test
    void concurrentStartsBuildOnce() throws Exception {
        assumeTrue(Stream.of("/usr/bin/flock", "/bin/flock").anyMatch(flock -> Files.exists(Path.of(flock))),
                "this system has no flock");
        pretendUnbuilt("echo call >> '" + temporary + "/calls'; sleep 0.5");
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            processes.add(process(Map.of(), launcher("--version")).start());
        }
        for (Process process : processes) {
            assertThat(process.waitFor()).isZero();
        }
        assertThat(temporary.resolve("calls")).hasContent("call\n");
    }

    @Test
    void failedBuildShowsWhy() throws Exception {
        pretendMaven("echo '[ERROR] it is broken'; exit 1\n");
        Files.delete(home.resolve("app/target/built"));
        Result result = launch("--version");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).isEqualTo("[ERROR] it is broken\nbgem3: the build failed\n");
        assertThat(launch("--version").exitCode()).as("the program does not count as built").isEqualTo(1);
    }

    @Test
    void reportsMissingMavenIfABuildIsNeeded() throws Exception {
        Files.delete(home.resolve("app/target/built"));
        Result result = run("", Map.of("PATH", temporary + "/empty"), "/bin/bash",
                home.resolve("bgem3").toString(), "--version");
        assertThat(result.exitCode()).isEqualTo(3);
        assertThat(result.err())
                .isEqualTo("""
                        bgem3: the program must be built, and Maven is missing; install Maven 3.8 or newer
                        """);
    }

    @Test
    void saysWhatToInstallIfThereIsNoJdk() throws Exception {
        Path old = fakeJdk("24.0.2", "exit 77");
        for (Map<String, String> environment : List.of(
                Map.of("JAVA_HOME", "", "PATH", "", "BGEM3_JDK_FOLDERS", ""),
                Map.of("JAVA_HOME", "", "PATH", "", "BGEM3_JDK_FOLDERS", temporary + "/none/*:/also none"),
                Map.of("JAVA_HOME", old.toString(), "PATH", old + "/bin", "BGEM3_JDK_FOLDERS",
                        temporary + "/*"))) {
            Result result = run("", environment, "/bin/bash", home.resolve("bgem3").toString(), "--version");
            assertThat(result.exitCode()).isEqualTo(3);
            assertThat(result.out()).isEmpty();
            assertThat(result.err()).startsWith("bgem3: no JDK 25 or newer found; install one")
                    .hasLineCount(1);
        }
    }

    @Test
    void skipsOldJdks() throws Exception {
        Path old = fakeJdk("17.0.9", "exit 77");
        Files.createSymbolicLink(tools.resolve("java"), old.resolve("bin/java"));
        Path jdks = Files.createDirectory(temporary.resolve("the jdks"));
        Files.createSymbolicLink(jdks.resolve("a-old"), old);
        Result result = run("", Map.of("JAVA_HOME", old.toString(), "BGEM3_JDK_FOLDERS",
                "/none:" + jdks + "/*:" + JDK.replaceFirst(".$", "?")), launcher("--version"));
        assertThat(result.err()).isEmpty();
        assertThat(result.out()).contains("(Java " + Runtime.version());
        assertThat(
                run("", Map.of("JAVA_HOME", "", "PATH", JDK + "/bin:/usr/bin:/bin", "BGEM3_JDK_FOLDERS", ""),
                        launcher("--version")).exitCode())
                .isZero();
    }

    /** Runs only the launcher, with a Java that does nothing. */
    private Result launchIdle() throws Exception {
        return run("", Map.of("JAVA_HOME", fakeJdk("25.0.1", "exit 0").toString()), launcher("--version"));
    }
}
