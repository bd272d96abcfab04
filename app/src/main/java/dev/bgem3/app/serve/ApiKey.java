package dev.bgem3.app.serve;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The key that clients send as {@code Authorization: Bearer KEY}. Only its digest is kept, and comparisons
 * take constant time.
 */
public final class ApiKey {
    private static final String SCHEME = "bearer ";

    private final byte[] digest;

    /**
     * Creates a key of at least one visible ASCII character.
     *
     * @throws IllegalArgumentException
     *             if a header cannot contain the key
     */
    public ApiKey(String key) {
        if (key.isEmpty() || !key.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            throw new IllegalArgumentException(
                    "apiKey: " + (key.isEmpty() ? "empty" : "a character that no header carries")
                            + " (expected: visible ASCII characters)");
        }
        digest = digest(key);
    }

    /** Returns whether the value of an {@code Authorization} header, or null, has the key. */
    boolean isIn(String header) {
        boolean bearer = header != null && header.regionMatches(true, 0, SCHEME, 0, SCHEME.length());
        return MessageDigest.isEqual(digest, digest(bearer ? header.substring(SCHEME.length()).strip() : ""));
    }

    private static byte[] digest(String key) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // Every JDK has SHA-256.
        }
    }

    @Override
    public String toString() {
        return "ApiKey[hidden]";
    }
}
