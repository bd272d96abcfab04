package dev.bgem3.app.hub;

import dev.bgem3.HuggingFaceCache;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The environment variables that huggingface_hub reads, with its defaults.
 *
 * @param variables
 *            the environment of the process
 */
public record HubEnvironment(Map<String, String> variables) {
    private static final String DEFAULT_ENDPOINT = "https://huggingface.co";
    private static final Set<String> TRUE = Set.of("1", "ON", "YES", "TRUE");

    /**
     * Returns the cache's folder: {@code HF_HUB_CACHE}, the older {@code HUGGINGFACE_HUB_CACHE},
     * {@code HF_HOME/hub}, {@code XDG_CACHE_HOME/huggingface/hub} or {@code ~/.cache/huggingface/hub}.
     */
    public Path cache() {
        return HuggingFaceCache.of(variables).folder();
    }

    private Path home() {
        return HuggingFaceCache.of(variables).home();
    }

    /**
     * Returns the hub's address: {@code HF_ENDPOINT}, else huggingface.co.
     *
     * @throws HubException
     *             if the variable is not an HTTP address
     */
    URI endpoint() {
        String words = value("HF_ENDPOINT").orElse(DEFAULT_ENDPOINT);
        try {
            URI endpoint = URI.create(words.replaceFirst("/+$", ""));
            String scheme = String.valueOf(endpoint.getScheme()).toLowerCase(Locale.ROOT);
            if ((scheme.equals("https") || scheme.equals("http")) && endpoint.getHost() != null
                    && endpoint.getRawQuery() == null && endpoint.getRawUserInfo() == null) {
                return endpoint;
            }
        } catch (IllegalArgumentException e) {
            throw new HubException(endpointFault(words), e);
        }
        throw new HubException(endpointFault(words));
    }

    private static String endpointFault(String words) {
        return "HF_ENDPOINT: " + HubFiles.printable(words) + " (expected: an address such as "
                + DEFAULT_ENDPOINT
                + ")";
    }

    /**
     * Returns the token for the hub: from the given file, else from {@code HF_TOKEN}, else from the file
     * {@code HF_TOKEN_PATH} or {@code HF_HOME/token}, in which {@code hf auth login} stores it, unless
     * {@code HF_HUB_DISABLE_IMPLICIT_TOKEN} is set.
     *
     * @throws HubException
     *             if the given file cannot be read, or what was found cannot be a token
     */
    Optional<String> token(Optional<Path> file) {
        if (file.isPresent()) {
            Optional<String> token = read(file.get());
            if (token.isEmpty()) {
                throw new HubException(file.get() + ": no token in it (expected: one line)");
            }
            return token.map(words -> checked(words, file.get().toString()));
        }
        if (isTrue("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
            return Optional.empty();
        }
        Optional<String> variable = value("HF_TOKEN").or(() -> value("HUGGING_FACE_HUB_TOKEN"))
                .map(String::strip)
                .filter(words -> !words.isEmpty());
        if (variable.isPresent()) {
            return variable.map(words -> checked(words, "HF_TOKEN"));
        }
        Path kept = value("HF_TOKEN_PATH").map(this::path).orElseGet(() -> home().resolve("token"));
        return Files.isRegularFile(kept)
                ? read(kept).map(words -> checked(words, kept.toString()))
                : Optional.empty();
    }

    private static Optional<String> read(Path file) {
        try {
            return Optional.of(Files.readString(file).strip()).filter(words -> !words.isEmpty());
        } catch (IOException e) {
            throw HubFiles.failure(file, e);
        }
    }

    /** Checks a token; the message never quotes it, since even a mistyped token is a secret. */
    private static String checked(String token, String source) {
        if (!token.chars().allMatch(c -> c > ' ' && c < 127)) {
            throw new HubException(source + ": not a token (expected: one word of ASCII letters and digits)");
        }
        return token;
    }

    /** Returns whether {@code HF_HUB_OFFLINE} or {@code TRANSFORMERS_OFFLINE} forbids using the network. */
    public boolean offline() {
        return value("HF_HUB_OFFLINE").isPresent()
                ? isTrue("HF_HUB_OFFLINE")
                : isTrue("TRANSFORMERS_OFFLINE");
    }

    /** Returns whether progress bars are allowed. */
    public boolean progress() {
        return !isTrue("HF_HUB_DISABLE_PROGRESS_BARS");
    }

    /** Returns whether snapshots may contain symbolic links. */
    boolean symlinks() {
        return !isTrue("HF_HUB_DISABLE_SYMLINKS");
    }

    private boolean isTrue(String name) {
        return value(name).map(words -> TRUE.contains(words.toUpperCase(Locale.ROOT))).orElse(false);
    }

    /** Returns a variable's value; an empty value counts as not set. */
    Optional<String> value(String name) {
        return Optional.ofNullable(variables.get(name)).filter(words -> !words.isEmpty());
    }

    private Path userHome() {
        return Path.of(value("HOME").orElse(System.getProperty("user.home")));
    }

    /** Returns the path in a variable, with a leading {@code ~} expanded as the Python library does. */
    private Path path(String words) {
        return words.equals("~") || words.startsWith("~/")
                ? userHome().resolve(words.substring(Math.min(2, words.length())))
                : Path.of(words);
    }
}
