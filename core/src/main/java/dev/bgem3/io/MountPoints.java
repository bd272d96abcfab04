package dev.bgem3.io;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the mount points of this system from {@code /proc/self/mountinfo}: proc_pid_mountinfo(5). */
public final class MountPoints {
    private static final Path LIST = Path.of("/proc/self/mountinfo");
    private static final int MOUNT_POINT_FIELD = 4;
    /** In the list, a space, tab, line feed or backslash is a backslash and three octal digits. */
    private static final Pattern ESCAPE = Pattern.compile("\\\\([0-7]{3})");
    private static final int OCTAL = 8;
    /** The encoding in which Java passes file names to the system. */
    private static final Charset ENCODING = Charset
            .forName(System.getProperty("sun.jnu.encoding", StandardCharsets.UTF_8.name()));

    private MountPoints() {}

    /**
     * Returns whether something is mounted at a real path; false if the system has no such list.
     *
     * @throws IOException
     *             if the list cannot be read
     */
    public static boolean contain(Path realPath) throws IOException {
        return Files.isReadable(LIST)
                && contain(realPath, Files.readString(LIST, StandardCharsets.ISO_8859_1), ENCODING);
    }

    /** Searches a list whose bytes were read as Latin-1, with file names in an encoding. */
    static boolean contain(Path realPath, String list, Charset encoding) {
        return Arrays.stream(list.split("\n")).map(line -> line.split(" "))
                .filter(fields -> fields.length > MOUNT_POINT_FIELD)
                .anyMatch(
                        fields -> unescaped(fields[MOUNT_POINT_FIELD], encoding).equals(realPath.toString()));
    }

    private static String unescaped(String field, Charset encoding) {
        String bytes = ESCAPE.matcher(field).replaceAll(escape -> Matcher
                .quoteReplacement(String.valueOf((char) Integer.parseInt(escape.group(1), OCTAL))));
        return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), encoding);
    }
}
