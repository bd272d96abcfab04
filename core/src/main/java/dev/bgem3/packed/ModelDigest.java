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
 * What tells a model's tensors from those of another model, in two strengths.
 *
 * <p>
 * {@link #sampled} takes milliseconds: names, types, shapes and strides of all tensors, and {@value #SAMPLES}
 * places of each one. It finds any other model, since training moves every matrix nearly everywhere, a merged
 * adapter too. It is checksums, not a cryptographic digest, for which Java would have to load its security
 * providers at every start. {@link #whole} reads all of it (about a second for each 2 GB and thread) and
 * finds the change of one number. Neither looks at the files' names, sizes or times: a model that is copied
 * stays the same. {@link #fileTimes} tell when the one is enough.
 */
public final class ModelDigest {
    /** Each costs a page of a file that is mapped, and some models have 400 tensors. */
    private static final int SAMPLES = 4;
    private static final int SAMPLE_BYTES = 256;
    private static final int CHUNK_BYTES = 1 << 26;
    static final int SAMPLED_BYTES = 2 * Integer.BYTES;
    static final int WHOLE_BYTES = 32;

    private final SequencedMap<String, StoredTensor> tensors;

    /** Of these tensors by their names. */
    public ModelDigest(SequencedMap<String, StoredTensor> tensors) {
        this.tensors = tensors;
    }

    /**
     * The CRC-32C and the CRC-32 of what describes the tensors and of some of their bytes. In one thread and
     * plain loops, which is faster than to share so little out.
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
     * Copies the bytes at some places, the first and the last of all among them, or all where they are few;
     * returns how many.
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

    /** SHA-256 of what describes the tensors and of all of their bytes. */
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
     * When each of the tensors' files was changed last, in seconds, the precision that archives keep; in the
     * order of the tensors.
     */
    long[] fileTimes() {
        return files().stream().mapToLong(file -> time(file).to(TimeUnit.SECONDS)).toArray();
    }

    /** Whether one of the tensors' files was changed after {@code file}. */
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
