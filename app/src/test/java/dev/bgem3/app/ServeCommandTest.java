package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests the messages if a server cannot start. */
@Timeout(30)
class ServeCommandTest {
    private static CommandRunner.Result serve(String... arguments) {
        List<String> all = new ArrayList<>(List.of("serve", "--model", CommandRunner.TINY.toString()));
        all.addAll(List.of(arguments));
        return CommandRunner.run(all.toArray(String[]::new));
    }

    @Test
    void namesAPortInUse() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            CommandRunner.Result result = serve("--port", Integer.toString(taken.getLocalPort()));
            assertThat(result.exitCode()).isOne();
            assertThat(result.err()).isEqualTo("bgem3: cannot listen on 127.0.0.1:" + taken.getLocalPort()
                    + ": Address already in use" + System.lineSeparator());
        }
    }

    @Test
    void namesAnAddressOfAnotherMachine() {
        assertThat(serve("--host", "192.0.2.1").err()).contains("cannot listen on 192.0.2.1:3000");
        CommandRunner.Result nowhere = serve("--host", "no such host");
        assertThat(nowhere.exitCode()).isOne();
        assertThat(nowhere.err()).contains("--host: no such host: no such host");
    }

    @Test
    void rejectsValuesOutOfRange() {
        for (String[] wrong : List.of(new String[]{"--port", "70000"},
                new String[]{"--max-concurrent-requests", "0"},
                new String[]{"--max-batch-tokens", "0"}, new String[]{"--max-client-batch-size", "-1"},
                new String[]{"--payload-limit", "0"}, new String[]{"--request-timeout", "0"})) {
            CommandRunner.Result result = serve(wrong);
            assertThat(result.exitCode()).as(wrong[0]).isEqualTo(2);
            assertThat(result.err()).startsWith("bgem3: " + wrong[0] + ": ").contains("expected: ");
        }
        assertThat(serve("--auto-truncate", "perhaps").exitCode()).isEqualTo(2);
    }

    @Test
    void rejectsAPayloadLimitBeyondTheHeap() {
        CommandRunner.Result result = serve("--payload-limit", "1000000000");
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).startsWith("bgem3: --payload-limit: 1000000000 (expected: at most ")
                .contains("BGEM3_JAVA_OPTS=-Xmx");
    }

    @Test
    void rejectsOptionsThatContradictOneAnother() {
        CommandRunner.Result batch = serve("--max-client-batch-size", "1000", "--payload-limit", "2000");
        assertThat(batch.exitCode()).isEqualTo(2);
        assertThat(batch.err()).startsWith("bgem3: --max-client-batch-size: 1000 (expected: at most 500, ")
                .contains("--payload-limit");
        CommandRunner.Result ids = CommandRunner.run("serve", "--model",
                CommandRunner.ROOT.resolve("src/fixtures/tiny-reranker").toString(), "--foreign-token-ids");
        assertThat(ids.exitCode()).isEqualTo(2);
        assertThat(ids.err()).startsWith("bgem3: --foreign-token-ids together with a reranker");
    }

    @Test
    void rejectsAnInvalidKeyWithoutShowingIt(@TempDir Path folder) throws Exception {
        assertThat(serve("--api-key-file", folder.resolve("none").toString()).err())
                .contains("--api-key-file: " + folder.resolve("none") + ": cannot be read");
        Path empty = Files.writeString(folder.resolve("empty"), "\n");
        assertThat(serve("--api-key-file", empty.toString()).err()).contains("--api-key: empty");
        CommandRunner.Result odd = serve("--api-key", "my ключ");
        assertThat(odd.exitCode()).isEqualTo(2);
        assertThat(odd.err()).contains("--api-key: a character that no header carries")
                .doesNotContain("ключ");
        assertThat(serve("--api-key", "a", "--api-key-file", empty.toString()).err())
                .contains("--api-key together with --api-key-file");
    }
}
