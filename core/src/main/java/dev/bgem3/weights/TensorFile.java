package dev.bgem3.weights;

import java.nio.file.Path;
import java.util.SequencedMap;

/** An open file of named tensors, mapped into memory. */
public interface TensorFile extends AutoCloseable {
    /** The file, as it was named at opening. */
    Path path();

    /** The tensors by name, in the file's order; not modifiable. */
    SequencedMap<String, StoredTensor> tensors();

    /** Unmaps the data; a second call does nothing. */
    @Override
    void close();
}
