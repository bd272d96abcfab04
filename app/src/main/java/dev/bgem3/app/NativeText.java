package dev.bgem3.app;

import dev.bgem3.app.handler.UsageException;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.AbstractMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Checks that Java decoded the arguments, environment variables and folders of this process without loss. The
 * system passes them as bytes, which Java decodes by the locale's encoding, replacing what it cannot decode
 * by U+FFFD. Results for such text would be wrong, so it is rejected. If the original text may itself contain
 * U+FFFD, the bytes below {@code /proc/self} decide on Linux; other systems reject it.
 */
final class NativeText {
    private static final char REPLACEMENT = '\uFFFD';
    private static final String SYSTEM = System.getProperty("os.name");
    /** The encoding that Java decodes with. */
    private static final Charset ENCODING = Charset.forName(System.getProperty("sun.jnu.encoding"));
    /** The locale's encoding. If Java does not know it, Java warns and decodes as UTF-8. */
    private static final String LOCALE_ENCODING = System.getProperty("native.encoding");
    private static final boolean UNKNOWN_ENCODING = SYSTEM.equals("Linux")
            && !LOCALE_ENCODING.equals(System.getProperty("sun.jnu.encoding"));
    /** The first of these that is set names the locale. */
    private static final List<String> LOCALE_VARIABLES = List.of("LC_ALL", "LC_CTYPE", "LANG");

    private NativeText() {}

    /**
     * Checks that Java decoded the arguments without loss.
     *
     * @throws UsageException
     *             if characters of an argument were lost
     */
    static void checkArguments(String... arguments) {
        List<byte[]> words = null;
        for (int i = 0; i < arguments.length; i++) {
            if (isDoubtful(arguments[i])) {
                words = words == null ? bytes("cmdline") : words;
                // Java's own options come first. If there are fewer words, Java read arguments from a file.
                int word = words.size() - arguments.length + i;
                if (word < i || !isDecoded(arguments[i], words.get(word))) {
                    throw new UsageException(fault("argument " + (i + 1)));
                }
            }
        }
    }

    /**
     * Checks that Java decoded the name of the current folder, which it puts before relative file names.
     *
     * @throws UsageException
     *             if characters of that name were lost
     */
    static void checkCurrentFolder() {
        String folder = System.getProperty("user.dir");
        if (isDoubtful(folder) && !new File(folder).isDirectory()) {
            throw new UsageException(fault("the current folder"));
        }
    }

    /**
     * Returns a system property that was set on Java's command line.
     *
     * @throws UsageException
     *             if characters of it were lost
     */
    static Optional<String> property(String name) {
        String value = System.getProperty(name);
        if (value != null && isDoubtful(value) && !isAmong("-D" + name + "=" + value, bytes("cmdline"))) {
            throw new UsageException(fault(name));
        }
        return Optional.ofNullable(value);
    }

    /** Returns the environment; reading a variable that lost characters throws {@link UsageException}. */
    static Map<String, String> environment() {
        Map<String, String> variables = System.getenv();
        Set<String> lost = new HashSet<>();
        for (Map.Entry<String, String> variable : variables.entrySet()) {
            String name = variable.getKey();
            String value = variable.getValue();
            if (isDoubtful(value) && !isAmong(name + "=" + value, bytes("environ"))) {
                lost.add(name);
            }
        }
        if (lost.isEmpty()) {
            return variables;
        }
        return new AbstractMap<>() {
            @Override
            public String get(Object name) {
                if (lost.contains(name)) {
                    throw new UsageException(fault("the environment variable " + name));
                }
                return variables.get(name);
            }

            @Override
            public Set<Entry<String, String>> entrySet() {
                return variables.entrySet();
            }
        };
    }

    /**
     * Encodes a text for the system, with a terminating zero.
     *
     * @throws CharacterCodingException
     *             if the locale's encoding cannot encode a character
     */
    static byte[] encode(String text) throws CharacterCodingException {
        ByteBuffer bytes = ENCODING.newEncoder().encode(CharBuffer.wrap(text + '\0'));
        byte[] exact = new byte[bytes.remaining()];
        bytes.get(exact);
        return exact;
    }

    /** Returns whether characters may have been lost. Windows passes text, not bytes. */
    private static boolean isDoubtful(String text) {
        return text.indexOf(REPLACEMENT) >= 0 && !SYSTEM.startsWith("Windows")
                || UNKNOWN_ENCODING && !StandardCharsets.US_ASCII.newEncoder().canEncode(text);
    }

    private static boolean isAmong(String text, List<byte[]> words) {
        return words.stream().anyMatch(word -> isDecoded(text, word));
    }

    private static boolean isDecoded(String text, byte[] bytes) {
        if (UNKNOWN_ENCODING) {
            return false;
        }
        try {
            return ENCODING.newDecoder().decode(ByteBuffer.wrap(bytes)).toString().equals(text);
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    /** Returns the zero-terminated words of a file in {@code /proc/self}; none on systems without it. */
    private static List<byte[]> bytes(String file) {
        byte[] all;
        try {
            all = Files.readAllBytes(Path.of("/proc/self", file));
        } catch (IOException e) {
            return List.of();
        }
        List<byte[]> words = new ArrayList<>();
        int start = 0;
        for (int end = 0; end < all.length; end++) {
            if (all[end] == 0) {
                words.add(Arrays.copyOfRange(all, start, end));
                start = end + 1;
            }
        }
        return words;
    }

    private static String fault(String what) {
        String locale = LOCALE_VARIABLES.stream()
                .filter(name -> !System.getenv().getOrDefault(name, "").isEmpty())
                .findFirst().map(name -> name + "=" + System.getenv(name)).orElse("none is set");
        String expected = UNKNOWN_ENCODING || ENCODING.equals(StandardCharsets.US_ASCII)
                ? "a UTF-8 locale that is installed, such as LC_ALL=C.UTF-8"
                : "text of that encoding, or an installed locale of the text's own encoding";
        return what + ": characters were lost, since Java decodes it by the locale (" + locale + ") as "
                + LOCALE_ENCODING + " (expected: " + expected + ")";
    }
}
