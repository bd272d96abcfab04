package dev.bgem3.weights;

import dev.bgem3.error.ModelException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.SequencedMap;

/** Reads one file format of tensors. */
@FunctionalInterface
public interface TensorFormat {
    /**
     * Returns the tensors by name, as slices of the file.
     *
     * @param path
     *            the file's name, for messages
     * @param bytes
     *            the whole file
     * @throws ModelException
     *             if the file violates the format
     */
    SequencedMap<String, StoredTensor> read(Path path, MemorySegment bytes);
}
