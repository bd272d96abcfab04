package dev.bgem3.architecture;

import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The modules with sources, and the folders of their compiled classes. */
final class Modules {
    static final Path ROOT = Path.of(System.getProperty("bgem3.root"));

    static final List<String> ALL = List.of("tokenizer", "core", "kernels-cuda", "app", "bench",
            "src/test-support");

    private Modules() {}

    /** Returns the name of a module by which others may export packages to it. */
    static String name(String module) {
        // The Automatic-Module-Name of its jar.
        return module.equals("app") ? "dev.bgem3.app" : descriptor(module).orElseThrow().name();
    }

    /** Returns the descriptor of a module, or empty if it has none. */
    static Optional<ModuleDescriptor> descriptor(String module) {
        return Files.exists(classes(module).resolve("module-info.class"))
                ? Optional.of(ModuleFinder.of(classes(module)).findAll().iterator().next().descriptor())
                : Optional.empty();
    }

    static Path classes(String module) {
        return ROOT.resolve(module).resolve("target/classes");
    }

    /** Returns the types of a module, without those that JMH generates. */
    static List<CompiledType> types(String module) throws IOException {
        List<CompiledType> types = new ArrayList<>();
        try (Stream<Path> files = Files.walk(classes(module))) {
            for (Path file : files.filter(Modules::isType).toList()) {
                types.add(CompiledType.read(file));
            }
        }
        return types.stream().filter(type -> !type.packageName().endsWith(".jmh_generated")).toList();
    }

    private static boolean isType(Path file) {
        String name = file.getFileName().toString();
        return name.endsWith(".class") && !name.equals("module-info.class")
                && !name.equals("package-info.class");
    }
}
