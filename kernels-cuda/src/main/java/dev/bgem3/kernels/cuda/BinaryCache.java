package dev.bgem3.kernels.cuda;

import dev.bgem3.io.QuietLogger;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/**
 * A cache of compiled kernels on disk, each under a digest of all its inputs. A file consists of the SHA-256
 * of the content and the content, so that a damaged file is not used, and is created atomically. If the
 * folder cannot be written, nothing is cached.
 */
final class BinaryCache {
    private static final QuietLogger LOGGER = QuietLogger.of("dev.bgem3.kernels.cuda");
    private static final int DIGEST_BYTES = 32;

    private final Path folder;

    BinaryCache(Path folder) {
        this.folder = folder;
    }

    /** Returns the cache in the system's folder for the current user's caches. */
    static BinaryCache ofThisUser() {
        String local = System.getenv(System.getProperty("os.name").startsWith("Windows")
                ? "LOCALAPPDATA"
                : "XDG_CACHE_HOME");
        Path caches = local == null || local.isEmpty()
                ? Path.of(System.getProperty("user.home"), ".cache")
                : Path.of(local);
        return new BinaryCache(caches.resolve("bgem3").resolve("cuda"));
    }

    /** Returns the key of the binary made from these inputs. */
    static String key(String... parts) {
        return HexFormat.of().formatHex(digest(String.join("\0", parts).getBytes(StandardCharsets.UTF_8)));
    }

    private static byte[] digest(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java has SHA-256", impossible);
        }
    }

    /** Returns the content stored under a key, if it exists and is undamaged. */
    Optional<byte[]> read(String key) {
        Path file = folder.resolve(key);
        try {
            if (!Files.exists(file)) {
                return Optional.empty();
            }
            byte[] bytes = Files.readAllBytes(file);
            byte[] content = bytes.length < DIGEST_BYTES
                    ? new byte[0]
                    : Arrays.copyOfRange(bytes, DIGEST_BYTES, bytes.length);
            if (bytes.length < DIGEST_BYTES
                    || !Arrays.equals(digest(content), Arrays.copyOf(bytes, DIGEST_BYTES))) {
                LOGGER.log(Level.DEBUG, "{0} is damaged and will be rebuilt", file);
                return Optional.empty();
            }
            return Optional.of(content);
        } catch (IOException unreadable) {
            LOGGER.log(Level.DEBUG, "{0} cannot be read: {1}", file, unreadable);
            return Optional.empty();
        }
    }

    /** Stores {@code content} under a key. */
    void write(String key, byte[] content) {
        try {
            Files.createDirectories(folder);
            Path part = Files.createTempFile(folder, key, ".part");
            try {
                byte[] bytes = Arrays.copyOf(digest(content), DIGEST_BYTES + content.length);
                System.arraycopy(content, 0, bytes, DIGEST_BYTES, content.length);
                Files.write(part, bytes);
                Files.move(part, folder.resolve(key), StandardCopyOption.ATOMIC_MOVE,
                        StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(part);
            }
        } catch (IOException denied) {
            LOGGER.log(Level.DEBUG, "compiled kernels cannot be cached in {0}: {1}", folder, denied);
        }
    }
}
