package dev.bgem3.tokenizer;

import dev.bgem3.text.FileStart;
import dev.bgem3.text.Messages;
import dev.bgem3.text.TooManyOpenFilesException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/** The bytes of a tokenizer file, with the name that error messages give. */
record SourceFile(String name, byte[] bytes) {
    /** XLM-R's larger file has 17 MB; a much larger file is not a tokenizer. */
    static final long MAX_BYTES = 1L << 28;

    static SourceFile read(Path file) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            // Reading a pipe would block, and a device has no size.
            if (!attributes.isRegularFile()) {
                throw new TokenizerException(
                        file + ": found a " + (attributes.isDirectory() ? "directory" : "special file")
                                + " (expected: a regular file)");
            }
            long size = attributes.size();
            if (size > MAX_BYTES) {
                throw new TokenizerException(
                        file + ": " + size + " bytes (expected: at most " + MAX_BYTES + ")");
            }
            return new SourceFile(file.toString(), Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            throw new TokenizerException(file + ": no such file", e);
        } catch (IOException e) {
            IOException why = TooManyOpenFilesException.explain(e);
            throw new TokenizerException(file + ": cannot be read: " + Messages.reason(why), why);
        }
    }

    /**
     * Returns an exception that names what stands in this file's place, or else the one for its error.
     *
     * @param isText
     *            whether the file should be a text
     */
    TokenizerException recognised(boolean isText, TokenizerException error) {
        return FileStart.inPlaceOf(bytes, isText ? FileStart.TEXT : null)
                .map(what -> new TokenizerException(name + ": " + what, error))
                .orElse(error);
    }

    /** Returns the exception for an error in this file; the message says what is wrong and where. */
    TokenizerException error(String message) {
        return new TokenizerException(name + ": " + message);
    }
}
