package dev.bgem3.weights;

import dev.bgem3.error.ModelException;
import dev.bgem3.memory.MappedPages;
import dev.bgem3.text.FileStart;
import java.nio.file.Path;
import java.util.Collections;
import java.util.SequencedMap;

/** The tensors of one mapped file. */
public final class MappedTensors implements TensorFile {
    private final MappedFile file;
    private final SequencedMap<String, StoredTensor> tensors;

    private MappedTensors(MappedFile file, SequencedMap<String, StoredTensor> tensors) {
        this.file = file;
        this.tensors = Collections.unmodifiableSequencedMap(tensors);
    }

    /**
     * Maps a file and reads the tensors in it.
     *
     * @param own
     *            what the format's own files look like; null if like nothing in particular
     * @throws ModelException
     *             if the file cannot be mapped or violates the format; it is then unmapped again
     */
    public static TensorFile open(Path path, TensorFormat format, FileStart own) {
        MappedFile file = MappedFile.open(path);
        TensorFile opened = null;
        try {
            opened = new MappedTensors(file, format.read(path, file.bytes()));
            return opened;
        } catch (ModelException e) {
            throw FileStart.inPlaceOf(file.start(), own)
                    .map(what -> new ModelException(path + ": " + what, e)).orElse(e);
        } finally {
            if (opened == null) {
                file.close();
            }
        }
    }

    @Override
    public Path path() {
        return file.path();
    }

    @Override
    public SequencedMap<String, StoredTensor> tensors() {
        return tensors;
    }

    @Override
    public void dropPages() {
        MappedPages.drop(file.bytes());
    }

    @Override
    public void close() {
        file.close();
    }
}
