package dev.bgem3.app.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The digest by which the hub identifies a file's content and the cache its blob: the SHA-256 of a file in
 * LFS (64 digits), or the SHA-1 of a git blob (40 digits), computed over
 * {@code "blob " + size + "\0" + content}.
 *
 * @param hex
 *            the digits, in lower case
 */
record Digest(String hex) {
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern GIT_SHA1 = Pattern.compile("[0-9a-f]{40}");
    private static final int CHUNK_BYTES = 1 << 20;

    Digest {
        if (!SHA256.matcher(hex).matches() && !GIT_SHA1.matcher(hex).matches()) {
            throw new IllegalArgumentException(hex);
        }
    }

    /** Returns the digest with these digits, or empty if they are not a digest. */
    static Optional<Digest> of(String hex) {
        return SHA256.matcher(hex).matches() || GIT_SHA1.matcher(hex).matches()
                ? Optional.of(new Digest(hex))
                : Optional.empty();
    }

    /** Returns the digest in an {@code ETag}, which may be quoted and weak. */
    static Optional<Digest> ofEtag(String etag) {
        return of(etag.replaceFirst("^W/", "").replace("\"", ""));
    }

    String algorithm() {
        return isSha256() ? "SHA-256" : "git SHA-1";
    }

    private boolean isSha256() {
        return SHA256.matcher(hex).matches();
    }

    /** Returns whether a file exists and has this size and digest. */
    boolean matches(Path file, long size) {
        try {
            return Files.isRegularFile(file) && Files.size(file) == size && compute(file).equals(hex);
        } catch (IOException e) {
            throw HubFiles.failure(file, e);
        }
    }

    /** Computes this kind of digest of a file. */
    String compute(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance(isSha256() ? "SHA-256" : "SHA-1");
            if (!isSha256()) {
                digest.update(("blob " + Files.size(file) + "\0").getBytes(StandardCharsets.US_ASCII));
            }
            byte[] chunk = new byte[CHUNK_BYTES];
            for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
                digest.update(chunk, 0, count);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (IOException e) {
            throw HubFiles.failure(file, e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-1 and SHA-256", e);
        }
    }
}
