package dev.bgem3.weights;

import java.nio.file.Path;
import java.util.SequencedMap;

/** An open file of named tensors, mapped into memory. */
public interface TensorFile extends AutoCloseable {
    /** Returns the path with which the file was opened. */
    Path path();

    /** Returns an unmodifiable map of the tensors by name, in the order of the file. */
    SequencedMap<String, StoredTensor> tensors();

    /**
     * Releases this process's memory for the data read so far, if the system can; data that is read again is
     * loaded again.
     */
    void dropPages();

    /** Unmaps the data; a second call does nothing. */
    @Override
    void close();
}
