package dev.bgem3.app.hub;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * One file of a model's revision.
 *
 * @param path
 *            the path relative to the model's folder, with {@code /} as the separator
 * @param size
 *            the size in bytes
 * @param digest
 *            the digest of its content
 */
record RepoFile(String path, long size, Digest digest) {
    /** File names that denote a device on Windows, with any extension. */
    private static final Pattern DEVICE = Pattern.compile("(con|prn|aux|nul|com[0-9]|lpt[0-9])(\\..*)?");
    private static final int MAX_CHARS = 1_000;

    /**
     * Rejects a path that would leave the model's folder or denote something other than a file on any system;
     * only a hostile or broken hub lists one.
     *
     * @throws HubException
     *             if the path is rejected
     */
    static void checkPath(String path) {
        String fault = fault(path);
        if (fault != null) {
            throw new HubException(
                    "the hub lists a file named \"" + HubFiles.printable(path) + "\": refused, as "
                            + fault);
        }
    }

    private static String fault(String path) {
        if (path.isEmpty() || path.length() > MAX_CHARS) {
            return "its length is " + path.length() + " (expected: 1.." + MAX_CHARS + ")";
        }
        if (path.startsWith("/")) {
            return "it is absolute";
        }
        if (path.indexOf('\\') >= 0 || path.indexOf(':') >= 0) {
            return "\\ and : have a special meaning on Windows";
        }
        if (path.chars().anyMatch(Character::isISOControl)) {
            return "it holds a control character";
        }
        for (String segment : path.split("/", -1)) {
            if (segment.isEmpty() || segment.equals(".") || segment.equals("..")) {
                return "it leaves the model's folder or has an empty part";
            }
            if (DEVICE.matcher(segment.toLowerCase(Locale.ROOT)).matches()) {
                return "it is a device on Windows";
            }
        }
        return null;
    }
}
