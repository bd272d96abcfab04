package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.io.QuietLogger;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.PackedLayout;
import dev.bgem3.packed.ModelDigest;
import dev.bgem3.packed.PackedFile;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The files of packed layers beside a model; each is opened when kernels first request its layout. A file
 * that does not match the model is logged and otherwise ignored. Thread-safe.
 */
final class PackedLayers implements AutoCloseable {
    private static final QuietLogger LOGGER = QuietLogger.of("dev.bgem3.model");

    /** A weight that may also be in a packed file. */
    private final class Packable implements MatrixSource {
        private final String name;
        private final MatrixSource source;

        Packable(String name, MatrixSource source) {
            this.name = name;
            this.source = source;
        }

        @Override
        public int rows() {
            return source.rows();
        }

        @Override
        public int columns() {
            return source.columns();
        }

        @Override
        public void readRow(int row, float[] destination, int offset) {
            source.readRow(row, destination, offset);
        }

        @Override
        public Optional<MemorySegment> packed(PackedLayout layout) {
            return file(layout).flatMap(file -> file.layer(name, rows(), columns()));
        }
    }

    private final Path folder;
    private final Supplier<ModelDigest> digest;
    private final Map<PackedLayout, Optional<PackedFile>> files = new HashMap<>();

    PackedLayers(Path folder, Supplier<ModelDigest> digest) {
        this.folder = folder;
        this.digest = digest;
    }

    /** Returns the layer with a weight that also offers its packed form, if a file has it. */
    LinearWeights offer(String name, LinearWeights layer) {
        return new LinearWeights(new Packable(name, layer.weight()), layer.bias(), layer.precise());
    }

    private synchronized Optional<PackedFile> file(PackedLayout layout) {
        return files.computeIfAbsent(layout, this::open);
    }

    private Optional<PackedFile> open(PackedLayout layout) {
        Path path = PackedFile.path(folder, layout);
        if (Files.notExists(path)) {
            return Optional.empty();
        }
        try {
            PackedFile file = PackedFile.open(path, layout, digest.get());
            LOGGER.log(Level.DEBUG, "{0}: used", path);
            return Optional.of(file);
        } catch (ModelException e) {
            if (e.getCause() instanceof ClosedByInterruptException) {
                throw e; // The file may be valid, and the caller must learn of the interrupt.
            }
            LOGGER.log(Level.INFO,
                    "the packed weights are not used: {0}; bgem3 convert --packed writes them again",
                    e.getMessage());
            return Optional.empty();
        }
    }

    @Override
    public synchronized void close() {
        files.values().forEach(file -> file.ifPresent(PackedFile::close));
    }
}
