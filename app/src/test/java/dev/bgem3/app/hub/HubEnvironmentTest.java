package dev.bgem3.app.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HubEnvironmentTest {
    @TempDir
    private Path folder;

    private static HubEnvironment of(String... pairs) {
        Map<String, String> variables = new HashMap<>(Map.of("HOME", "/home/me"));
        for (int i = 0; i < pairs.length; i += 2) {
            variables.put(pairs[i], pairs[i + 1]);
        }
        return new HubEnvironment(variables);
    }

    @Test
    void findsTheCacheLikeThePythonLibrary() {
        assertThat(of().cache()).isEqualTo(Path.of("/home/me/.cache/huggingface/hub"));
        assertThat(of("XDG_CACHE_HOME", "/x").cache()).isEqualTo(Path.of("/x/huggingface/hub"));
        assertThat(of("XDG_CACHE_HOME", "/x", "HF_HOME", "~/h").cache()).isEqualTo(Path.of("/home/me/h/hub"));
        assertThat(of("HF_HOME", "/h", "HUGGINGFACE_HUB_CACHE", "/c").cache()).isEqualTo(Path.of("/c"));
        assertThat(of("HUGGINGFACE_HUB_CACHE", "/c", "HF_HUB_CACHE", "/d").cache()).isEqualTo(Path.of("/d"));
        assertThat(of("HF_HUB_CACHE", "", "HF_HOME", "/h").cache()).isEqualTo(Path.of("/h/hub"));
    }

    @Test
    void checksTheEndpoint() {
        assertThat(of().endpoint()).isEqualTo(URI.create("https://huggingface.co"));
        assertThat(of("HF_ENDPOINT", "https://mirror.example/hf//").endpoint())
                .isEqualTo(URI.create("https://mirror.example/hf"));
        for (String wrong : List.of("mirror.example", "ftp://mirror.example", "https://", "ht tp://a",
                "https://u:p@a",
                "https://a?b")) {
            assertThatThrownBy(() -> of("HF_ENDPOINT", wrong).endpoint()).isInstanceOf(HubException.class)
                    .hasMessage("HF_ENDPOINT: " + wrong
                            + " (expected: an address such as https://huggingface.co)");
        }
    }

    @Test
    void takesTheTokenFromTheGivenFileElseTheEnvironmentElseTheLogin() throws IOException {
        Path kept = Files.writeString(folder.resolve("token"), "hf_kept\n");
        String home = folder.toString();
        assertThat(of("HF_HOME", home).token(Optional.empty())).contains("hf_kept");
        assertThat(of("HF_HOME", home, "HF_TOKEN", " hf_variable ").token(Optional.empty()))
                .contains("hf_variable");
        assertThat(of("HF_TOKEN_PATH", kept.toString()).token(Optional.empty())).contains("hf_kept");
        assertThat(of("HF_HOME", "/none").token(Optional.empty())).isEmpty();
        assertThat(of("HF_HOME", home, "HF_HUB_DISABLE_IMPLICIT_TOKEN", "1").token(Optional.empty()))
                .isEmpty();
        Path named = Files.writeString(folder.resolve("named"), "hf_named");
        assertThat(of("HF_TOKEN", "hf_variable").token(Optional.of(named))).contains("hf_named");
    }

    @Test
    void doesNotQuoteAnInvalidToken() throws IOException {
        assertThatThrownBy(() -> of("HF_TOKEN", "se\ncret").token(Optional.empty()))
                .isInstanceOf(HubException.class)
                .hasMessageStartingWith("HF_TOKEN: not a token").hasMessageNotContaining("cret");
        Path empty = Files.writeString(folder.resolve("empty"), "\n");
        assertThatThrownBy(() -> of().token(Optional.of(empty)))
                .hasMessage(empty + ": no token in it (expected: one line)");
        assertThatThrownBy(() -> of().token(Optional.of(folder.resolve("none"))))
                .hasMessage(folder.resolve("none") + ": no such file or folder");
    }

    private static String proxyOf(HubEnvironment environment, String address) {
        Proxy proxy = new HubProxies(environment).select(URI.create(address)).getFirst();
        return proxy.type() == Proxy.Type.DIRECT
                ? "direct"
                : ((InetSocketAddress) proxy.address()).getHostString() + ":"
                        + ((InetSocketAddress) proxy.address()).getPort();
    }

    @Test
    void takesProxiesFromTheEnvironment() {
        assertThat(proxyOf(of(), "https://a.example")).isEqualTo("direct");
        assertThat(proxyOf(of("https_proxy", "http://p:8080"), "https://a.example")).isEqualTo("p:8080");
        assertThat(proxyOf(of("https_proxy", "http://p:8080"), "http://a.example")).isEqualTo("direct");
        assertThat(proxyOf(of("HTTP_PROXY", "p"), "http://a.example")).isEqualTo("p:80");
        assertThat(proxyOf(of("ALL_PROXY", "http://u:s%40@p:1/"), "https://a.example")).isEqualTo("p:1");
        assertThat(proxyOf(of("https_proxy", "http://small:1", "HTTPS_PROXY", "http://capital:2"),
                "https://a.example"))
                .isEqualTo("small:1");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"*", ".example", "example", "other, a.example", "*.example",
            "a.example:443"})
    void usesNoProxyForTheHostsOfNoProxy(String hosts) {
        assertThat(proxyOf(of("https_proxy", "http://p:8080", "NO_PROXY", hosts), "https://a.example:443"))
                .isEqualTo("direct");
        assertThat(proxyOf(of("https_proxy", "http://p:8080", "NO_PROXY", hosts.replace("*", "x")),
                "https://b.elsewhere"))
                .isEqualTo("p:8080");
    }

    @ParameterizedTest
    @ValueSource(strings = {"socks5://p:1", "https://", "http://a b"})
    void rejectsAnInvalidProxyWithoutQuotingItsPassword(String proxy) {
        assertThatThrownBy(() -> new HubProxies(of("HTTPS_PROXY", proxy))).isInstanceOf(HubException.class)
                .hasMessage("https_proxy: not a proxy that can be used (expected: http://host:port)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x", "a/b/c", "a/..", "/b", "a/", "a/b c", "a/b--c", ".a/b", "a/b.git",
            "a\\b/c", "a/b?c"})
    void rejectsANameThatTheHubWouldNotAllow(String name) {
        assertThatThrownBy(() -> HubName.of(name)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage(name + " (expected: a name on the hub, such as BAAI/bge-m3)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a/", "/a", "../x", "a/../b", "a b", "-a", "a\n", ".a", "a.lock"})
    void rejectsARevisionThatIsNoBranchTagOrCommit(String revision) {
        assertThatThrownBy(() -> HubFixture.request(revision)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("revision: ")
                .hasMessageEndingWith("(expected: a branch, a tag or a commit)");
    }
}
