package dev.bgem3.bench;

import java.nio.file.Path;

/** The locations of models. */
final class Models {
    /** The built-in default model, relative to the project's root. */
    static final String MINI = "models/bge-m3-mini";

    private static final String ROOT_PROPERTY = "bgem3.root";

    private Models() {}

    /**
     * Returns a model's folder; a relative path is resolved against the project's root, which the system
     * property {@code bgem3.root} names.
     */
    static Path folder(String model) {
        return Path.of(System.getProperty(ROOT_PROPERTY, "")).resolve(model);
    }
}
