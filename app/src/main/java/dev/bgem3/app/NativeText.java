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
 * Arguments, environment variables and folders as the process was started with them. The system hands over
 * bytes, and Java decodes them by the locale's encoding, with U+FFFD in place of what it cannot decode.
 * Results for such text would be wrong, so this refuses it. U+FFFD can also be what was meant: the bytes
 * tell, which Linux keeps below {@code /proc/self}; on other systems it counts as lost.
 */
final class NativeText {
    private static final char REPLACEMENT = '\uFFFD';
    private static final String SYSTEM = System.getProperty("os.name");
    /** By which Java decodes. */
    private static final Charset ENCODING = Charset.forName(System.getProperty("sun.jnu.encoding"));
    /** The locale's. Where Java does not know it, it warns and decodes by UTF-8. */
    private static final String LOCALE_ENCODING = System.getProperty("native.encoding");
    private static final boolean UNKNOWN_ENCODING = SYSTEM.equals("Linux")
            && !LOCALE_ENCODING.equals(System.getProperty("sun.jnu.encoding"));
    /** The first that is set names the locale. */
    private static final List<String> LOCALE_VARIABLES = List.of("LC_ALL", "LC_CTYPE", "LANG");

    private NativeText() {}

    /**
     * Checks that arguments are what was given.
     *
     * @throws UsageException
     *             where characters of one were lost
     */
    static void checkArguments(String... arguments) {
        List<byte[]> words = null;
        for (int i = 0; i < arguments.length; i++) {
            if (isDoubtful(arguments[i])) {
                words = words == null ? bytes("cmdline") : words;
                // Java's own options come before them. With fewer words, Java read the arguments from a file.
                int word = words.size() - arguments.length + i;
                if (word < i || !isDecoded(arguments[i], words.get(word))) {
                    throw new UsageException(fault("argument " + (i + 1)));
                }
            }
        }
    }

    /**
     * Checks that Java knows the current folder, whose name it puts before relative file names.
     *
     * @throws UsageException
     *             where characters of that name were lost
     */
    static void checkCurrentFolder() {
        String folder = System.getProperty("user.dir");
        if (isDoubtful(folder) && !new File(folder).isDirectory()) {
            throw new UsageException(fault("the current folder"));
        }
    }

    /**
     * A system property that was an option for Java.
     *
     * @throws UsageException
     *             where characters of it were lost
     */
    static Optional<String> property(String name) {
        String value = System.getProperty(name);
        if (value != null && isDoubtful(value) && !isAmong("-D" + name + "=" + value, bytes("cmdline"))) {
            throw new UsageException(fault(name));
        }
        return Optional.ofNullable(value);
    }

    /** The environment's variables; to read one that lost characters throws a {@link UsageException}. */
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
     * The bytes of a text for the system, ended by a zero.
     *
     * @throws CharacterCodingException
     *             where the locale's encoding has none for a character
     */
    static byte[] encode(String text) throws CharacterCodingException {
        ByteBuffer bytes = ENCODING.newEncoder().encode(CharBuffer.wrap(text + '\0'));
        byte[] exact = new byte[bytes.remaining()];
        bytes.get(exact);
        return exact;
    }

    /** Whether characters may have been lost. Windows hands over text, not bytes. */
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

    /** The words of a file below {@code /proc/self}, each ended by a zero; none on systems without it. */
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
