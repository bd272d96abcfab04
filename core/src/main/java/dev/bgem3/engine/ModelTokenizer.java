package dev.bgem3.engine;

import dev.bgem3.model.FolderLayout;
import dev.bgem3.model.SentenceTransformersFiles;
import dev.bgem3.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;

/** Loads the tokenizer of a model folder with the settings that the model has for it. */
public final class ModelTokenizer {
    private ModelTokenizer() {}

    /**
     * Loads the tokenizer.
     *
     * @throws dev.bgem3.tokenizer.TokenizerException
     *             if there is none, or it cannot be read or is not a supported kind
     * @throws dev.bgem3.error.ModelException
     *             if the settings cannot be read
     */
    public static Tokenizer load(Path folder) {
        if (!Files.isDirectory(folder)) {
            return Tokenizer.load(folder); // It names the fault.
        }
        FolderLayout layout = FolderLayout.of(folder);
        Tokenizer tokenizer = Tokenizer.load(layout.folderOf(Tokenizer.FILE_NAMES));
        return SentenceTransformersFiles.lowerCases(layout) ? tokenizer.lowerCasing() : tokenizer;
    }
}
