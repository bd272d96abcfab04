package dev.bgem3.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.error.BackendException;
import dev.bgem3.error.InputException;
import dev.bgem3.error.ModelException;
import dev.bgem3.tokenizer.TokenizerException;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import org.junit.jupiter.api.Test;

class FailuresTest {
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int exitCode(Throwable failure, boolean withTrace) {
        return new Failures(new PrintStream(err, true), withTrace).failure(failure);
    }

    @Test
    void failuresOfTheWorkAreOneAndOfTheMachineThree() {
        assertThat(exitCode(new ModelException("m"), false)).isEqualTo(1);
        assertThat(exitCode(new InputException("i"), false)).isEqualTo(1);
        assertThat(exitCode(new TokenizerException("t"), false)).isEqualTo(1);
        assertThat(exitCode(new BackendException("b"), false)).isEqualTo(3);
        assertThat(err.toString().lines()).containsExactly("bgem3: m", "bgem3: i", "bgem3: t", "bgem3: b");
    }

    @Test
    void theUnexpectedIsOneLineThatTellsHowToSeeMore() {
        assertThat(exitCode(new IllegalStateException("odd"), false)).isEqualTo(1);
        assertThat(err.toString()).isEqualTo(
                "bgem3: unexpected java.lang.IllegalStateException: odd (BGEM3_TRACE=1 shows where)"
                        + System.lineSeparator());
    }

    @Test
    void theTraceIsThereWhereItIsAskedFor() {
        exitCode(new IllegalStateException("odd"), true);
        assertThat(err.toString()).contains("at " + FailuresTest.class.getName());
    }

    @Test
    void tooLittleMemoryIsSaidWithItsCure() {
        assertThat(exitCode(new OutOfMemoryError("Java heap space"), false)).isEqualTo(1);
        assertThat(err.toString()).hasLineCount(1).contains("out of memory: Java heap space",
                "BGEM3_JAVA_OPTS=-Xmx",
                "--max-length");
    }
}
