package dev.bgem3.weights;

import java.nio.file.Path;
import java.util.SequencedMap;

/** An open file of named tensors, mapped into memory. */
public interface TensorFile extends AutoCloseable {
    /** The file, as it was named at opening. */
    Path path();

    /** The tensors by name, in the file's order; not modifiable. */
    SequencedMap<String, StoredTensor> tensors();

    /**
     * Gives back the memory that the data read so far takes in this process, where the system can; what is
     * read again comes back.
     */
    void dropPages();

    /** Unmaps the data; a second call does nothing. */
    @Override
    void close();
}
