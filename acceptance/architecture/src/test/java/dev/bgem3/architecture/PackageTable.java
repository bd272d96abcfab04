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
 * The table under "Packages" in {@code architecture.md}: one row a package, with the packages that it uses.
 *
 * <p>
 * A row is {@code | `package` | what it holds | `used`, `used` |}. Packages of ours stand without their
 * prefix {@code dev.bgem3.}; of others' packages, a prefix stands for all that begin with it.
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

    /** The packages that have a row, from the top down. */
    List<String> packages() {
        return List.copyOf(uses.keySet());
    }

    /** What the row of a package lists; nothing for a package without a row. */
    Set<String> usedBy(String name) {
        return uses.getOrDefault(name, Set.of());
    }

    /**
     * What the table calls a package that a package of ours uses: for one of ours its own name, else the
     * prefix that the row lists or, where it lists none, the whole name.
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

    /** The name of a package of ours as the table writes it. */
    static String shortName(String name) {
        return name.equals(BASE) ? BASE : name.substring(BASE.length() + 1);
    }
}
