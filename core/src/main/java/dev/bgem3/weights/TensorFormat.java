package dev.bgem3.weights;

import dev.bgem3.error.ModelException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.SequencedMap;

/** A file format of tensors, as what reads it. */
@FunctionalInterface
public interface TensorFormat {
    /**
     * The tensors by name, as slices of the file.
     *
     * @param path
     *            the file's name, for messages
     * @param bytes
     *            the whole file
     * @throws ModelException
     *             where anything in it is not as the format says
     */
    SequencedMap<String, StoredTensor> read(Path path, MemorySegment bytes);
}
