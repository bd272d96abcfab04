package dev.bgem3.architecture;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The table under "Packages" in {@code architecture.md}: one row for each package, with the packages that it
 * uses.
 *
 * <p>
 * A row is {@code | `package` | description | `used`, `used` |}. Our packages are written without the prefix
 * {@code dev.bgem3.}; for other packages, a prefix stands for all packages that start with it.
 */
final class PackageTable {
    static final String BASE = "dev.bgem3";

    private static final String HEADING = "\n## Packages\n";
    private static final Pattern ROW = Pattern.compile("(?m)^\\| `([a-z0-9.]+)` \\|[^|\n]+\\|([^|\n]*)\\|$");
    private static final Pattern NAME = Pattern.compile("`([a-z0-9._]+)`");

    private final Map<String, Set<String>> uses = new LinkedHashMap<>();

    private PackageTable() {}

    static PackageTable read(Path page) throws IOException {
        PackageTable table = new PackageTable();
        String text = Files.readString(page);
        int start = text.indexOf(HEADING);
        if (start < 0) {
            throw new IllegalStateException(page + ": no heading (expected: " + HEADING.strip() + ")");
        }
        for (MatchResult row : ROW.matcher(text.substring(start)).results().toList()) {
            Set<String> used = NAME.matcher(row.group(2)).results().map(name -> name.group(1))
                    .collect(Collectors.toCollection(TreeSet::new));
            if (table.uses.put(row.group(1), used) != null) {
                throw new IllegalStateException(page + ": two rows for " + row.group(1) + " (expected: one)");
            }
        }
        return table;
    }

    /** Returns the packages that have a row, from top to bottom. */
    List<String> packages() {
        return List.copyOf(uses.keySet());
    }

    /** Returns the packages that a package's row lists, or none if it has no row. */
    Set<String> usedBy(String name) {
        return uses.getOrDefault(name, Set.of());
    }

    /**
     * Returns the table's name for a package that one of our packages uses: for our packages their short
     * name, otherwise the prefix that the row lists or, if it lists none, the full name.
     */
    String nameOf(String used, String user) {
        if (isOurs(used)) {
            return shortName(used);
        }
        return usedBy(user).stream()
                .filter(prefix -> used.equals(prefix) || used.startsWith(prefix + "."))
                .findFirst().orElse(used);
    }

    static boolean isOurs(String name) {
        return name.equals(BASE) || name.startsWith(BASE + ".");
    }

    /** Returns the name of one of our packages as the table writes it. */
    static String shortName(String name) {
        return name.equals(BASE) ? BASE : name.substring(BASE.length() + 1);
    }
}
