package dev.bgem3.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Compares the compiled classes of all modules with the table of packages in {@code architecture.md}. */
class ArchitectureTest {
    private static final Path PAGE = Modules.ROOT.resolve("docs/architecture.md");
    private static final String INCUBATOR = "jdk.incubator.";
    private static final Set<String> JDK = ModuleFinder.ofSystem().findAll().stream()
            .flatMap(module -> module.descriptor().packages().stream())
            .filter(name -> !name.startsWith(INCUBATOR)).collect(Collectors.toUnmodifiableSet());

    private static final Map<String, List<CompiledType>> TYPES = new LinkedHashMap<>();
    private static PackageTable table;

    /** The use of a type in another package, except for the JDK's own packages. */
    private record Use(String user, String used) {
        String userPackage() {
            return CompiledType.packageOf(user);
        }

        String usedPackage() {
            return CompiledType.packageOf(used);
        }

        @Override
        public String toString() {
            return user + " uses " + used;
        }
    }

    @BeforeAll
    static void readClassesAndTable() throws IOException {
        for (String module : Modules.ALL) {
            TYPES.put(module, Modules.types(module));
        }
        table = PackageTable.read(PAGE);
    }

    @Test
    void everyPackageHasARow() {
        assertThat(table.packages()).as(PAGE.toString()).containsExactlyInAnyOrderElementsOf(
                types().map(type -> PackageTable.shortName(type.packageName())).distinct().toList());
    }

    @Test
    void everyPackageUsesWhatItsRowLists() {
        Map<String, Map<String, Use>> examples = new TreeMap<>();
        uses().forEach(use -> {
            String user = PackageTable.shortName(use.userPackage());
            examples.computeIfAbsent(user, name -> new TreeMap<>())
                    .putIfAbsent(table.nameOf(use.usedPackage(), user), use);
        });
        List<String> differences = new ArrayList<>();
        for (String user : table.packages()) {
            Map<String, Use> used = examples.getOrDefault(user, Map.of());
            used.forEach((name, example) -> {
                if (!table.usedBy(user).contains(name)) {
                    differences.add(user + " may not use " + name + ": " + example);
                }
            });
            table.usedBy(user).stream().filter(name -> !used.containsKey(name)).forEach(
                    name -> differences.add(user + " no longer uses " + name + ": remove it from its row"));
        }
        assertThat(differences).as(PAGE.toString()).isEmpty();
    }

    @Test
    void everyRowListsOnlyPackagesOfRowsBelowIt() {
        List<String> rows = table.packages();
        for (int row = 0; row < rows.size(); row++) {
            assertThat(table.usedBy(rows.get(row))).as("what %s uses", rows.get(row))
                    .doesNotContainAnyElementsOf(rows.subList(0, row + 1));
        }
    }

    /** On the class path, where the program runs, Java does not check that. */
    @Test
    void modulesUseOnlyWhatOthersExportToThem() {
        List<String> differences = new ArrayList<>();
        for (String exporter : List.of("tokenizer", "core", "kernels-cuda")) {
            ModuleDescriptor descriptor = Modules.descriptor(exporter).orElseThrow();
            for (String user : List.of("core", "kernels-cuda", "app")) {
                Set<String> exported = descriptor.exports().stream()
                        .filter(some -> !some.isQualified() || some.targets().contains(Modules.name(user)))
                        .map(ModuleDescriptor.Exports::source).collect(Collectors.toSet());
                if (!user.equals(exporter)) {
                    uses(packagesOf(user)::contains, packagesOf(exporter)::contains).stream()
                            .filter(use -> !exported.contains(use.usedPackage()))
                            .forEach(
                                    use -> differences.add(use + ", which " + exporter + " does not export"));
                }
            }
        }
        assertThat(differences).isEmpty();
        assertThat(uses(packagesOf("app")::contains, "dev.bgem3.io"::equals)).isNotEmpty();
    }

    @Test
    void engineDoesNotUseTheRootPackage() {
        assertThat(uses("dev.bgem3"::equals, "dev.bgem3.engine"::equals)).isNotEmpty();
        assertThat(uses("dev.bgem3.engine"::equals, "dev.bgem3"::equals)).isEmpty();
    }

    @Test
    void onlyTheVectorKernelsUseTheIncubator() {
        assertThat(uses(user -> true, used -> used.startsWith(INCUBATOR))).isNotEmpty()
                .allMatch(use -> use.userPackage().equals("dev.bgem3.kernel.vector"));
    }

    @Test
    void tokenizerNeedsNothingButTheJdk() {
        assertThat(uses(packagesOf("tokenizer")::contains, not(packagesOf("tokenizer")))).isEmpty();
    }

    @Test
    void coreNeedsNothingButTokenizerAndTheJdk() {
        assertThat(uses(packagesOf("core")::contains, not(packagesOf("core")))).isNotEmpty()
                .allMatch(use -> packagesOf("tokenizer").contains(use.usedPackage())
                        || use.usedPackage().startsWith(INCUBATOR));
    }

    /**
     * Nested types may be private, but package-private types are implementation, which belongs in other
     * packages.
     */
    @Test
    void rootPackageHasNoPackagePrivateTypes() {
        assertThat(types().filter(type -> type.packageName().equals("dev.bgem3"))
                .filter(CompiledType::isPackagePrivate).map(CompiledType::name)).isEmpty();
    }

    private static Stream<CompiledType> types() {
        return TYPES.values().stream().flatMap(List::stream);
    }

    private static Set<String> packagesOf(String module) {
        return TYPES.get(module).stream().map(CompiledType::packageName).collect(Collectors.toSet());
    }

    private static Predicate<String> not(Set<String> packages) {
        return Predicate.not(packages::contains);
    }

    private static Stream<Use> uses() {
        return types().flatMap(type -> type.used().stream().map(used -> new Use(type.name(), used)))
                .filter(use -> !use.usedPackage().equals(use.userPackage()))
                .filter(use -> !JDK.contains(use.usedPackage()));
    }

    private static List<Use> uses(Predicate<String> user, Predicate<String> used) {
        return uses().filter(use -> user.test(use.userPackage())).filter(use -> used.test(use.usedPackage()))
                .toList();
    }
}
