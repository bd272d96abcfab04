package dev.bgem3.documentation;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A page of Markdown, and its blocks of code. */
record DocumentPage(Path file, String text) {
    static final Path ROOT = Path.of(System.getProperty("bgem3.root"));
    private static final Pattern BLOCK = Pattern.compile("(?ms)^```([^\n]*)\n(.*?)^```$");
    private static final Pattern HEADING = Pattern.compile("(?m)^#+ +(.*)$");
    private static final Pattern CONTINUED = Pattern.compile("\\\\\n\\s*");
    private static final Pattern COMMENT = Pattern.compile("(?:^|\\s+)#\\s.*$");
    private static final Pattern EXIT_CODE = Pattern.compile("exit code (\\d)");

    /** A line of a shell block: what to run, and the exit code that its comment tells. */
    record Command(String words, int exitCode) {
        private static Optional<Command> of(String line) {
            Matcher comment = COMMENT.matcher(line);
            String words = comment.find() ? line.substring(0, comment.start()) : line;
            Matcher code = EXIT_CODE.matcher(line.substring(words.length()));
            return words.isBlank()
                    ? Optional.empty()
                    : Optional.of(
                            new Command(words.strip(), code.find() ? Integer.parseInt(code.group(1)) : 0));
        }

        @Override
        public String toString() {
            return words;
        }
    }

    /** A block of commands, with the lines that the page shows as their output, if it shows any. */
    record Shell(List<Command> commands, Optional<List<String>> shown) {}

    static DocumentPage read(Path file) {
        try {
            return new DocumentPage(file, Files.readString(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All pages that a reader is led to. */
    static Stream<DocumentPage> all() throws IOException {
        List<Path> files = new ArrayList<>();
        for (String name : List.of("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md",
                "models/README.md", "examples/README.md")) {
            files.add(ROOT.resolve(name));
        }
        try (Stream<Path> docs = Files.list(ROOT.resolve("docs"))) {
            docs.filter(file -> file.toString().endsWith(".md")).sorted().forEach(files::add);
        }
        return files.stream().map(DocumentPage::read);
    }

    /** The first block whose language is {@code language}. */
    String code(String language) {
        return BLOCK.matcher(text).results().filter(block -> block.group(1).equals(language)).findFirst()
                .orElseThrow(() -> new IllegalStateException(this + ": no block of " + language)).group(2);
    }

    /** The languages of all blocks. */
    List<String> languages() {
        return BLOCK.matcher(text).results().map(block -> block.group(1)).toList();
    }

    /**
     * The blocks of commands. The output of one is the next block, if it has no language and stands in the
     * same section.
     */
    List<Shell> shells() {
        List<MatchResult> blocks = BLOCK.matcher(text).results().toList();
        List<Shell> shells = new ArrayList<>();
        for (int i = 0; i < blocks.size(); i++) {
            MatchResult block = blocks.get(i);
            if (!block.group(1).equals("sh")) {
                continue;
            }
            List<Command> commands = CONTINUED.matcher(block.group(2)).replaceAll(" ").lines()
                    .map(Command::of).flatMap(Optional::stream).toList();
            Optional<List<String>> shown = Optional.empty();
            if (i + 1 < blocks.size() && blocks.get(i + 1).group(1).isEmpty()) {
                MatchResult next = blocks.get(i + 1);
                if (!HEADING.matcher(text.substring(block.end(), next.start())).find()) {
                    shown = Optional.of(next.group(2).lines().toList());
                }
            }
            shells.add(new Shell(commands, shown));
        }
        return shells;
    }

    /** The page without its blocks of code. */
    String prose() {
        return BLOCK.matcher(text).replaceAll("");
    }

    /** The anchors that a link can name, as GitHub makes them of headings. */
    List<String> anchors() {
        return HEADING.matcher(prose()).results()
                .map(heading -> heading.group(1).toLowerCase().replaceAll("[^\\p{L}\\p{N} _-]", "")
                        .replace(' ', '-'))
                .toList();
    }

    @Override
    public String toString() {
        return ROOT.relativize(file).toString();
    }
}
