package dev.bgem3.app.hub;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * One file of a model's revision.
 *
 * @param path
 *            where it stands below the model's folder, with {@code /}
 * @param size
 *            bytes
 * @param digest
 *            what its content must have
 */
record RepoFile(String path, long size, Digest digest) {
    /** Names that open a device on Windows, with any extension. */
    private static final Pattern DEVICE = Pattern.compile("(con|prn|aux|nul|com[0-9]|lpt[0-9])(\\..*)?");
    private static final int MAX_CHARS = 1_000;

    /**
     * Refuses a path that would leave the model's folder, or name something else than a file, on any system:
     * a listing that holds one is hostile or broken.
     *
     * @throws HubException
     *             naming the path
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
            return "Windows takes \\ and : for more than letters";
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
