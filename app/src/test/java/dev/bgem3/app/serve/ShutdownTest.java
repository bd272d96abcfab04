package dev.bgem3.app.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.testsupport.TestSizes;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** After a signal the server exits once accepted requests are answered. */
class ShutdownTest {
    private static final Pattern ADDRESS = Pattern.compile("bgem3: serving bge-m3-mini at (http://\\S+) .*");
    private static final Pattern LAST_WORDS = Pattern
            .compile("bgem3: stopped; (\\d+) of (\\d+) requests answered");
    private static final int CLIENTS = 16;

    private static Process start() throws IOException {
        return new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-cp",
                System.getProperty("java.class.path"), "dev.bgem3.app.Main", "serve", "--model",
                ServerFixture.MINI.toString(), "--port", "0").redirectErrorStream(true).start();
    }

    @Test
    @Timeout(60)
    void terminationUnderLoadLosesNoAcceptedRequest() throws Exception {
        Process process = start();
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
                HttpClient client = HttpClient.newHttpClient();
                ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            URI address = address(lines);
            AtomicInteger answered = new AtomicInteger();
            AtomicBoolean terminated = new AtomicBoolean();
            List<HttpResponse<String>> odd = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                clients.submit(() -> {
                    while (true) {
                        try {
                            HttpResponse<String> response = client.send(request(address),
                                    BodyHandlers.ofString());
                            answered.incrementAndGet();
                            if (response.statusCode() != 200) {
                                synchronized (odd) {
                                    odd.add(response);
                                }
                            }
                        } catch (IOException e) {
                            if (terminated.get()) {
                                return null; // The server no longer listens.
                            }
                            throw e;
                        }
                    }
                });
            }
            while (answered.get() < TestSizes.pick(50, 200)) {
                Thread.sleep(5);
            }
            terminated.set(true);
            // Process.destroy would close the streams too.
            process.toHandle().destroy();
            Matcher lastWords = lastWords(lines);
            clients.shutdown();
            assertThat(clients.awaitTermination(20, TimeUnit.SECONDS)).isTrue();

            assertThat(odd).isEmpty();
            assertThat(lastWords.group(1)).isEqualTo(lastWords.group(2));
            assertThat(answered.get()).isEqualTo(Integer.parseInt(lastWords.group(2)));
            assertThat(process.waitFor()).isZero();
        } finally {
            process.destroyForcibly();
        }
    }

    private static HttpRequest request(URI address) {
        return HttpRequest.newBuilder(address.resolve("/embed"))
                .POST(BodyPublishers
                        .ofString("{\"inputs\":[\"What is BGE M3?\",\"" + "word ".repeat(100) + "\"]}"))
                .build();
    }

    private static URI address(BufferedReader lines) throws IOException {
        StringBuilder seen = new StringBuilder();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            Matcher matcher = ADDRESS.matcher(line);
            if (matcher.matches()) {
                return URI.create(matcher.group(1));
            }
            seen.append(line).append('\n');
        }
        throw new AssertionError("no address in: " + seen);
    }

    private static Matcher lastWords(BufferedReader lines) throws IOException {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            Matcher matcher = LAST_WORDS.matcher(line);
            if (matcher.matches()) {
                return matcher;
            }
        }
        throw new AssertionError("it ended without last words");
    }
}
