package dev.bgem3.app.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Downloads from a hub behind TLS with a self-signed certificate. */
class SecureHubTest extends HubFixture {
    private static final char[] PASSWORD = "password".toCharArray();

    private final AtomicInteger asked = new AtomicInteger();
    private SSLContext context;
    private HttpsServer secure;

    @BeforeEach
    void startSecureHub() throws Exception {
        Path store = folder.resolve("keys");
        Process keytool = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair", "-keyalg", "EC", "-alias", "hub", "-dname", "CN=localhost", "-ext",
                "san=dns:localhost", "-keystore", store.toString(), "-storepass", new String(PASSWORD))
                .redirectErrorStream(true).redirectOutput(folder.resolve("keytool").toFile()).start();
        assertThat(keytool.waitFor()).as(Files.readString(folder.resolve("keytool"))).isZero();
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD);
        }
        KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(keys, PASSWORD);
        TrustManagerFactory trusted = TrustManagerFactory
                .getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trusted.init(keys);
        context = SSLContext.getInstance("TLS");
        context.init(own.getKeyManagers(), trusted.getTrustManagers(), null);
        secure = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        secure.setHttpsConfigurator(new HttpsConfigurator(context));
        secure.createContext("/", exchange -> {
            asked.incrementAndGet();
            exchange.getResponseHeaders().add("Location", hub.endpoint() + exchange.getRequestURI());
            exchange.sendResponseHeaders(302, -1);
            exchange.close();
        });
        secure.start();
        environment.put("HF_ENDPOINT", "https://localhost:" + secure.getAddress().getPort());
    }

    @AfterEach
    void stopSecureHub() {
        secure.stop(0);
    }

    private void run(UnaryOperator<HttpClient.Builder> trust) {
        new HubDownload(new HubEnvironment(environment), request(null), QUICK,
                builder -> trust.apply(builder).build(), listener()).run();
    }

    @Test
    void reportsAnUntrustedCertificateWithItsRemedyAndDoesNotRetry() {
        assertThatThrownBy(() -> run(UnaryOperator.identity())).isInstanceOf(HubException.class)
                .hasMessageStartingWith("localhost:").hasMessageContaining("its certificate is not trusted: ")
                .hasMessageContaining("-Djavax.net.ssl.trustStore=FILE");
        assertThat(said).isEmpty();
        assertThat(asked).hasValue(0);
    }

    @Test
    void rejectsARedirectFromHttpsToHttp() {
        environment.put("HF_TOKEN", "hf_secret");
        assertThatThrownBy(() -> run(builder -> builder.sslContext(context))).isInstanceOf(HubException.class)
                .hasMessageContaining(": redirects from https to http, to 127.0.0.1:")
                .hasMessageEndingWith(": refused");
        assertThat(asked).hasValue(1);
        assertThat(hub.requests).isEmpty();
        assertThat(cache).doesNotExist();
    }
}
