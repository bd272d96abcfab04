package dev.bgem3.app.stream;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A descriptor that this process inherited and that has a file name, such as {@code /dev/fd/3}. Opening the
 * name would make Linux open the file again, at its start. Writing through the descriptor instead appends to
 * what others wrote through it, and they append to it in turn.
 *
 * @param number
 *            the number of the descriptor
 */
record Descriptor(int number) {
    /** The number of standard output. */
    static final int STANDARD_OUTPUT = 1;
    /** The number of symbolic links that Linux follows. */
    private static final int MAX_LINKS = 40;
    private static final Pattern FOLDER = Pattern.compile("/dev/fd|(/proc/[0-9]+)(/task/[0-9]+)?/fd");
    private static final Pattern NUMBER = Pattern.compile("0|[1-9][0-9]{0,8}");
    private static final int BUFFER = 1 << 16;

    /** Returns the descriptor that a name, or what it links to, refers to; empty if it refers to a file. */
    static Optional<Descriptor> of(Path path) {
        Path name = path.toAbsolutePath();
        try {
            for (int links = 0; links < MAX_LINKS && name.getParent() != null; links++) {
                Path folder = name.getParent().toRealPath();
                String last = name.getFileName().toString();
                if (NUMBER.matcher(last).matches() && isOwn(folder)) {
                    return Optional.of(new Descriptor(Integer.parseInt(last)));
                }
                if (!Files.isSymbolicLink(name)) {
                    return Optional.empty();
                }
                name = folder.resolve(Files.readSymbolicLink(name));
            }
        } catch (IOException _) {
            // For example, no such folder; opening the file will report it.
            return Optional.empty();
        }
        return Optional.empty();
    }

    private static boolean isOwn(Path realFolder) throws IOException {
        Matcher folder = FOLDER.matcher(realFolder.toString());
        return folder.matches() && (folder.group(1) == null
                || Path.of(folder.group(1)).equals(Path.of("/proc/self").toRealPath()));
    }

    /**
     * Returns a stream to the descriptor; closing it leaves the descriptor open.
     *
     * @throws IOException
     *             if the descriptor is not open for writing
     */
    OutputStream stream() throws IOException {
        SystemCalls.write(number, MemorySegment.NULL);
        MemorySegment buffer = Arena.ofAuto().allocate(BUFFER);
        return new OutputStream() {
            @Override
            public void write(int value) throws IOException {
                write(new byte[]{(byte) value}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int from, int count) throws IOException {
                for (int done = 0; done < count;) {
                    int part = Math.min(BUFFER, count - done);
                    MemorySegment.copy(bytes, from + done, buffer, ValueLayout.JAVA_BYTE, 0, part);
                    done += (int) SystemCalls.write(number, buffer.asSlice(0, part));
                }
            }
        };
    }
}
