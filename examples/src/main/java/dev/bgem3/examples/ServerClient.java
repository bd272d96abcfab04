package dev.bgem3.examples;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * Asks a running {@code bgem3 serve} for the dense vector and the lexical weights of texts, with the JDK's
 * own HTTP client: {@code ServerClient ADDRESS TEXT…}. The variable {@code BGEM3_API_KEY} has the server's
 * key, if it wants one.
 */
public class ServerClient implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int OVERLOADED = 429;
    private static final int ATTEMPTS = 5;

    private final HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    private final URI address;

    ServerClient(URI address) {
        this.address = address;
    }

    /** Prints a line a text. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        try (ServerClient server = new ServerClient(URI.create(arguments[0]))) {
            List<String> texts = Arrays.asList(arguments).subList(1, arguments.length);
            JsonNode answer = server.encode(texts);
            for (JsonNode result : answer.get("results")) {
                System.out.println(result.get("dense").size() + " numbers, "
                        + result.get("sparse").get("indices").size() + " weights: "
                        + texts.get(result.get("index").asInt()));
            }
        }
    }

    /** The answer of {@code /v1/encode}. */
    JsonNode encode(List<String> texts) throws IOException, InterruptedException {
        return post("/v1/encode", Map.of("inputs", texts, "outputs", List.of("dense", "sparse")));
    }

    private JsonNode post(String path, Map<String, ?> body) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(address.resolve(path))
                .timeout(Duration.ofSeconds(60)).header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(JSON.writeValueAsString(body)));
        String key = System.getenv("BGEM3_API_KEY");
        if (key != null) {
            request.header("Authorization", "Bearer " + key);
        }
        for (int attempt = 1;; attempt++) {
            HttpResponse<String> response = client.send(request.build(), BodyHandlers.ofString());
            if (response.statusCode() == 200) {
                return JSON.readTree(response.body());
            }
            // The server takes no more than it can answer, and says so at once.
            if (response.statusCode() != OVERLOADED || attempt == ATTEMPTS) {
                throw new IOException(
                        path + ": status " + response.statusCode() + ": " + response.body());
            }
            Thread.sleep(Duration.ofMillis(200L << attempt));
        }
    }

    @Override
    public void close() {
        client.close();
    }
}
