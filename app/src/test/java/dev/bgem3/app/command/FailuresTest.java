package dev.bgem3.app.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bgem3.EncodeOptions;
import dev.bgem3.app.handler.UsageException;
import dev.bgem3.error.BackendException;
import dev.bgem3.error.InputException;
import dev.bgem3.error.MissingModuleException;
import dev.bgem3.error.ModelException;
import dev.bgem3.tokenizer.TokenizerException;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.InvalidPathException;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

class FailuresTest {
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int exitCode(Throwable failure, boolean withTrace) {
        return new Failures(new PrintStream(err, true), withTrace, false).failure(failure);
    }

    @Test
    void failedWorkExitsWithOneAndAnUnsuitableMachineWithThree() {
        assertThat(exitCode(new ModelException("m"), false)).isEqualTo(1);
        assertThat(exitCode(new InputException("i"), false)).isEqualTo(1);
        assertThat(exitCode(new TokenizerException("t"), false)).isEqualTo(1);
        assertThat(exitCode(new BackendException("b"), false)).isEqualTo(3);
        assertThat(err.toString().lines()).containsExactly("bgem3: m", "bgem3: i", "bgem3: t", "bgem3: b");
    }

    @Test
    void missingModuleIsAFailureOnlyIfTheProgramCannotRestart() {
        MissingModuleException missing = new MissingModuleException("m");
        assertThat(new Failures(new PrintStream(err, true), true, true).failure(missing))
                .isEqualTo(ExitCodes.RESTART);
        assertThat(err.toString()).isEmpty();
        assertThat(exitCode(missing, false)).isEqualTo(3);
        assertThat(err.toString().lines()).containsExactly("bgem3: m");
    }

    @Test
    void reportsAnUnencodableFolderInOneLine() {
        assertThat(exitCode(new InvalidPathException("/home/j?", "Malformed input"), false)).isEqualTo(1);
        assertThat(err.toString().lines())
                .containsExactly("bgem3: /home/j?: not a path in this locale: Malformed input");
    }

    @Test
    void reportsAnUnexpectedExceptionInOneLineThatTellsHowToSeeMore() {
        assertThat(exitCode(new IllegalStateException("odd"), false)).isEqualTo(1);
        assertThat(err.toString()).isEqualTo(
                "bgem3: unexpected java.lang.IllegalStateException: odd (BGEM3_TRACE=1 shows where)"
                        + System.lineSeparator());
    }

    @Test
    void printsTheStackTraceIfRequested() {
        exitCode(new IllegalStateException("odd"), true);
        assertThat(err.toString()).contains("at " + FailuresTest.class.getName());
    }

    @Test
    void onlyInvalidArgumentsExitWithTwo() {
        CommandLine command = new CommandLine(CommandSpec.create().name("bgem3"));
        Failures failures = new Failures(new PrintStream(err, true), true, false);
        assertThat(failures.failure(new UsageException("--odd: 1 (expected: 2)"), command, null))
                .isEqualTo(2);
        assertThat(err.toString())
                .startsWith("bgem3: --odd: 1 (expected: 2)" + System.lineSeparator() + "Try 'bgem3 --help'.")
                .contains("at " + FailuresTest.class.getName());
        err.reset();
        assertThat(failures.failure(new IllegalArgumentException("odd"), command, null)).isEqualTo(1);
        assertThat(err.toString())
                .startsWith("bgem3: unexpected java.lang.IllegalArgumentException: odd (BGEM3_TRACE=1")
                .contains("at " + FailuresTest.class.getName());
    }

    @Test
    void messageOfARejectedSettingNamesItsOption() {
        assertThatThrownBy(() -> OptionValues.checked(EncodeOptions.builder().truncateDim(0)::build))
                .isInstanceOf(UsageException.class)
                .hasMessage("--truncate-dim: 0 (expected: at least 1)");
        assertThatThrownBy(() -> OptionValues.checked(() -> {
            throw new IllegalStateException("odd");
        })).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void reportsTooLittleMemoryWithItsRemedy() {
        assertThat(exitCode(new OutOfMemoryError("Java heap space"), false)).isEqualTo(1);
        assertThat(err.toString()).hasLineCount(1).contains("out of memory: Java heap space",
                "BGEM3_JAVA_OPTS=-Xmx" + 2 * (Runtime.getRuntime().maxMemory() >> 20) + "m")
                .doesNotContain("--");
    }

    @Test
    void suggestsASmallerHeapIfMemoryOutsideItRanOut() {
        assertThat(exitCode(new OutOfMemoryError("Unable to allocate 16793648 bytes"), false)).isEqualTo(1);
        assertThat(err.toString()).hasLineCount(1).contains(
                "out of memory: Unable to allocate 16793648 bytes (outside the heap",
                "BGEM3_JAVA_OPTS=-Xmx" + (Runtime.getRuntime().maxMemory() >> 20) / 2 + "m");
    }
}
