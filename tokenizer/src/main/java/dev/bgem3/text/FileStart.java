package dev.bgem3.text;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * Recognises by its first bytes what stands in the place of a model's file: the reason for most files that
 * cannot be read, and none that their own format's errors lead to.
 */
public enum FileStart {
    /** What a clone without git-lfs has for each large file. */
    GIT_LFS_POINTER(
            "a Git LFS pointer, which only names the file (expected: the file itself; git lfs pull or "
                    + "bgem3 download fetches it)"),
    /** A page for people: a login, a consent, an error. */
    WEB_PAGE(
            "a web page (expected: the file itself; open its address in a browser to see what the page says, "
                    + "and download the file again)"),
    /** A file that a program compressed. */
    GZIP("compressed by gzip (expected: the file itself; gunzip unpacks it)"),
    /** An archive, which is also PyTorch's own format. */
    ZIP("a zip archive (expected: the file itself; unzip unpacks it)"),
    /** A short text, such as {@code Entry not found}. */
    TEXT("a text that begins with ");

    /** The number of first bytes that are enough. */
    public static final int BYTES = 512;
    private static final int SHOWN = 40;
    private static final int MIN_TEXT = 8;

    private final String description;

    FileStart(String description) {
        this.description = description;
    }

    /**
     * Recognises the first bytes of a file.
     *
     * @param start
     *            the first {@link #BYTES} bytes, or all if there are fewer
     */
    static Optional<FileStart> of(byte[] start) {
        if (start.length > 3 && start[0] == 'P' && start[1] == 'K' && start[2] == 3 && start[3] == 4) {
            return Optional.of(ZIP);
        }
        if (start.length > 1 && start[0] == 0x1F && start[1] == (byte) 0x8B) {
            return Optional.of(GZIP);
        }
        String text = new String(start, StandardCharsets.UTF_8).replaceFirst("^\\uFEFF?\\s*", "");
        if (text.startsWith("version https://git-lfs.github.com/")) {
            return Optional.of(GIT_LFS_POINTER);
        }
        String lower = text.toLowerCase(Locale.ROOT);
        if (lower.startsWith("<!doctype") || lower.startsWith("<html") || lower.startsWith("<?xml")
                || lower.startsWith("<head") || lower.startsWith("<!--")) {
            return Optional.of(WEB_PAGE);
        }
        boolean printable = text.length() >= MIN_TEXT
                && text.chars()
                        .allMatch(c -> c >= ' ' && c != '\uFFFD' || c == '\n' || c == '\r' || c == '\t');
        return printable ? Optional.of(TEXT) : Optional.empty();
    }

    /**
     * Returns what stands in the place of a file, and what to do.
     *
     * @param start
     *            the file, or at least its first {@link #BYTES} bytes
     * @param own
     *            what the file should look like; null if like none of these
     */
    public static Optional<String> inPlaceOf(byte[] start, FileStart own) {
        byte[] first = Arrays.copyOf(start, Math.min(start.length, BYTES));
        return of(first).filter(kind -> kind != own).map(kind -> kind.describe(first));
    }

    /** Returns what the file is and what to do, to follow its name in a message. */
    private String describe(byte[] start) {
        if (this != TEXT) {
            return description;
        }
        String text = new String(start, StandardCharsets.UTF_8).strip();
        return description + "\"" + Messages.printable(text.substring(0, Math.min(SHOWN, text.length())))
                + "\" (expected: binary data)";
    }
}
