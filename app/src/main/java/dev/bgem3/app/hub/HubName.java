package dev.bgem3.app.hub;

import java.util.regex.Pattern;

/**
 * A model's name on the hub: {@code owner/name}.
 *
 * @param owner
 *            a user or an organisation
 * @param name
 *            the model among theirs
 */
public record HubName(String owner, String name) {
    private static final Pattern PART = Pattern.compile("[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?");
    private static final int MAX_CHARS = 96;

    /** BGE-M3 as its authors publish it; made after what checks it. */
    public static final HubName BGE_M3 = new HubName("BAAI", "bge-m3");

    /** Checked by the hub's rules, so that it is safe as a part of a path and of an address. */
    public HubName {
        String whole = owner + "/" + name;
        if (!PART.matcher(owner).matches() || !PART.matcher(name).matches() || whole.contains("--")
                || whole.contains("..") || name.endsWith(".git") || whole.length() > MAX_CHARS) {
            throw new IllegalArgumentException(
                    HubFiles.printable(whole) + " (expected: a name on the hub, such as BAAI/bge-m3)");
        }
    }

    /**
     * Reads {@code owner/name}.
     *
     * @throws IllegalArgumentException
     *             where the words are no such name
     */
    public static HubName of(String words) {
        int slash = words.indexOf('/');
        if (slash < 0) {
            throw new IllegalArgumentException(
                    HubFiles.printable(words) + " (expected: owner/name, such as BAAI/bge-m3)");
        }
        return new HubName(words.substring(0, slash), words.substring(slash + 1));
    }

    /** The model's folder in the cache. */
    public String folderName() {
        return "models--" + owner + "--" + name;
    }

    @Override
    public String toString() {
        return owner + "/" + name;
    }
}
