package dev.bgem3.packed;

import dev.bgem3.error.ModelException;
import dev.bgem3.text.Messages;
import dev.bgem3.weights.StoredTensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;

/**
 * Identifies a model by its tensors, with a fast digest and a complete one.
 *
 * <p>
 * {@link #sampled} takes milliseconds: it covers the names, types, shapes and strides of all tensors, and
 * {@value #SAMPLES} samples of each. It distinguishes any two models, because training and merging an adapter
 * change every matrix nearly everywhere. It consists of checksums: a cryptographic digest would make Java
 * load its security providers at every start. {@link #whole} reads everything (about a second per 2 GB and
 * thread) and detects a change of one number. Neither depends on the names, sizes or times of the files, so
 * that a copy of a model has the same digests. {@link #fileTimes} help to decide whether the fast digest is
 * enough.
 */
public final class ModelDigest {
    /** Each sample reads a page of the mapped file, and a model can have 400 tensors. */
    private static final int SAMPLES = 4;
    private static final int SAMPLE_BYTES = 256;
    private static final int CHUNK_BYTES = 1 << 26;
    static final int SAMPLED_BYTES = 2 * Integer.BYTES;
    static final int WHOLE_BYTES = 32;

    private final SequencedMap<String, StoredTensor> tensors;

    /** Creates the digests of these tensors, which are given by name. */
    public ModelDigest(SequencedMap<String, StoredTensor> tensors) {
        this.tensors = tensors;
    }

    /**
     * Returns the CRC-32C and the CRC-32 of the tensors' descriptions and of samples of their bytes. One
     * thread does it, because distributing so little work would take longer.
     */
    byte[] sampled() {
        CRC32C first = new CRC32C();
        CRC32 second = new CRC32();
        byte[] sample = new byte[SAMPLES * SAMPLE_BYTES + SAMPLE_BYTES];
        for (Map.Entry<String, StoredTensor> entry : tensors.entrySet()) {
            byte[] description = description(entry.getKey(), entry.getValue());
            first.update(description);
            second.update(description);
            int sampled = sample(entry.getValue().data(), sample);
            first.update(sample, 0, sampled);
            second.update(sample, 0, sampled);
        }
        return ByteBuffer.allocate(SAMPLED_BYTES).putInt((int) first.getValue())
                .putInt((int) second.getValue()).array();
    }

    /**
     * Copies samples of the bytes, including the first and the last, or all bytes if there are few; returns
     * the number of bytes copied.
     */
    private static int sample(MemorySegment data, byte[] sample) {
        if (data.byteSize() <= sample.length) {
            int all = (int) data.byteSize();
            MemorySegment.copy(data, ValueLayout.JAVA_BYTE, 0, sample, 0, all);
            return all;
        }
        long last = data.byteSize() - SAMPLE_BYTES;
        for (int i = 0; i < SAMPLES; i++) {
            MemorySegment.copy(data, ValueLayout.JAVA_BYTE, last * i / (SAMPLES - 1), sample,
                    i * SAMPLE_BYTES, SAMPLE_BYTES);
        }
        return SAMPLES * SAMPLE_BYTES;
    }

    private static byte[] description(String name, StoredTensor tensor) {
        return (name + ' ' + tensor.dtype() + Arrays.toString(tensor.shape())
                + Arrays.toString(tensor.strides()) + '\n').getBytes(StandardCharsets.UTF_8);
    }

    /** Returns the SHA-256 of the tensors' descriptions and of all their bytes. */
    byte[] whole() {
        List<byte[]> parts = List.copyOf(tensors.entrySet()).parallelStream().map(entry -> {
            MessageDigest digest = sha256();
            digest.update(description(entry.getKey(), entry.getValue()));
            MemorySegment data = entry.getValue().data();
            for (long done = 0; done < data.byteSize(); done += CHUNK_BYTES) {
                digest.update(
                        data.asSlice(done, Math.min(CHUNK_BYTES, data.byteSize() - done)).asByteBuffer());
            }
            return digest.digest();
        }).toList();
        MessageDigest digest = sha256();
        parts.forEach(digest::update);
        return digest.digest();
    }

    /**
     * Returns when each of the tensors' files was last modified, in the order of the tensors. The unit is
     * seconds, the precision that archives keep.
     */
    long[] fileTimes() {
        return files().stream().mapToLong(file -> time(file).to(TimeUnit.SECONDS)).toArray();
    }

    /** Returns whether one of the tensors' files was modified after {@code file}. */
    boolean newerThan(Path file) {
        FileTime written = time(file);
        return files().stream().anyMatch(source -> time(source).compareTo(written) > 0);
    }

    private Set<Path> files() {
        Set<Path> files = new LinkedHashSet<>();
        tensors.values().forEach(tensor -> files.add(tensor.file()));
        return files;
    }

    private static FileTime time(Path file) {
        try {
            return Files.getLastModifiedTime(file);
        } catch (IOException e) {
            throw new ModelException(file + ": its time cannot be read: " + Messages.reason(e), e);
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
