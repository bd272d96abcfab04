package dev.bgem3.safetensors;

import java.nio.file.Path;
import java.util.Collection;

/** Writes files for tests. */
public final class SafetensorsFiles {
    private SafetensorsFiles() {}

    /** Writes tensors, and nobody is told how far it is. */
    public static void write(Path file, Collection<SafetensorsWriter.Source> tensors) {
        SafetensorsWriter.write(file, tensors, (_, _) -> {});
    }
}
