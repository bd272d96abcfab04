package dev.bgem3.app.hub;

import java.util.regex.Pattern;

/**
 * A model's name on the hub: {@code owner/name}.
 *
 * @param owner
 *            the user or organisation
 * @param name
 *            the model's name
 */
public record HubName(String owner, String name) {
    private static final Pattern PART = Pattern.compile("[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?");
    private static final int MAX_CHARS = 96;

    /** BGE-M3 as its authors publish it; declared after the constants that its constructor uses. */
    public static final HubName BGE_M3 = new HubName("BAAI", "bge-m3");

    /** Checks the name by the hub's rules, which also make it safe in paths and URLs. */
    public HubName {
        String whole = owner + "/" + name;
        if (!PART.matcher(owner).matches() || !PART.matcher(name).matches() || whole.contains("--")
                || whole.contains("..") || name.endsWith(".git") || whole.length() > MAX_CHARS) {
            throw new IllegalArgumentException(
                    HubFiles.printable(whole) + " (expected: a name on the hub, such as BAAI/bge-m3)");
        }
    }

    /**
     * Parses {@code owner/name}.
     *
     * @throws IllegalArgumentException
     *             if the text is not such a name
     */
    public static HubName of(String words) {
        int slash = words.indexOf('/');
        if (slash < 0) {
            throw new IllegalArgumentException(
                    HubFiles.printable(words) + " (expected: owner/name, such as BAAI/bge-m3)");
        }
        return new HubName(words.substring(0, slash), words.substring(slash + 1));
    }

    /** Returns the name of the model's folder in the cache. */
    public String folderName() {
        return "models--" + owner + "--" + name;
    }

    @Override
    public String toString() {
        return owner + "/" + name;
    }
}
