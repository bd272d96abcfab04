package dev.bgem3.app.serve;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The key that clients show as {@code Authorization: Bearer KEY}. Only its digest is kept, and a comparison
 * takes as long whatever was shown.
 */
public final class ApiKey {
    private static final String SCHEME = "bearer ";

    private final byte[] digest;

    /**
     * A key of at least one visible ASCII character.
     *
     * @throws IllegalArgumentException
     *             where no header can carry it
     */
    public ApiKey(String key) {
        if (key.isEmpty() || !key.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            throw new IllegalArgumentException(
                    "apiKey: " + (key.isEmpty() ? "empty" : "a character that no header carries")
                            + " (expected: visible ASCII characters)");
        }
        digest = digest(key);
    }

    /** Whether the value of an {@code Authorization} header, null where there is none, shows the key. */
    boolean shownBy(String header) {
        boolean bearer = header != null && header.regionMatches(true, 0, SCHEME, 0, SCHEME.length());
        return MessageDigest.isEqual(digest, digest(bearer ? header.substring(SCHEME.length()).strip() : ""));
    }

    private static byte[] digest(String key) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // Every JDK has it.
        }
    }

    @Override
    public String toString() {
        return "ApiKey[hidden]";
    }
}
