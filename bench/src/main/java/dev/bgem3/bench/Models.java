package dev.bgem3.bench;

import java.nio.file.Path;

/** Where models lie, and text in a model's own words. */
final class Models {
    /** The embedded default, relative to the project's root. */
    static final String MINI = "models/bge-m3-mini";

    private static final String ROOT_PROPERTY = "bgem3.root";

    private Models() {}

    /**
     * A model's folder; a relative one begins at the project's root, which the system property {@code
     * bgem3.root} names.
     */
    static Path folder(String model) {
        return Path.of(System.getProperty(ROOT_PROPERTY, "")).resolve(model);
    }
}
