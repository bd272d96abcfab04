package dev.bgem3.torch;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.bgem3.error.ModelException;
import dev.bgem3.text.FileStart;
import dev.bgem3.text.Messages;
import dev.bgem3.torch.PickleValue.Dict;
import dev.bgem3.torch.PickleValue.Int;
import dev.bgem3.torch.PickleValue.Scalar;
import dev.bgem3.torch.PickleValue.Storage;
import dev.bgem3.torch.PickleValue.Text;
import dev.bgem3.torch.PickleValue.View;
import dev.bgem3.weights.MappedTensors;
import dev.bgem3.weights.StoredTensor;
import dev.bgem3.weights.TensorFile;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.zip.CRC32;

/**
 * Opens the zip files of {@code torch.save} that contain a state dict: {@code pytorch_model.bin},
 * {@code *.pt}.
 */
public final class TorchReader {
    private static final String PICKLE = "/data.pkl";
    /** About a hundred times the pickle of a large model. */
    private static final long MAX_PICKLE_BYTES = 8 << 20;
    private static final int TAR_MAGIC_OFFSET = 257;

    private final Path path;
    private final MemorySegment bytes;
    private final StoredZip zip;
    /** The top-level folder of the zip, with which every entry's name begins. */
    private final String top;

    TorchReader(Path path, MemorySegment bytes) {
        this.path = path;
        this.bytes = bytes;
        refuseOldFormats();
        this.zip = new StoredZip(path, bytes);
        this.top = top();
    }

    /**
     * Opens and checks a file, and lists its tensors in the order of the state dict. Entries that are plain
     * numbers or strings are skipped.
     *
     * @throws ModelException
     *             if the file cannot be read, has another format, or contains anything but a state dict
     */
    public static TensorFile open(Path path) {
        return MappedTensors.open(path, (file, bytes) -> new TorchReader(file, bytes).read(),
                FileStart.ZIP);
    }

    private void refuseOldFormats() {
        byte[] start = bytes.asSlice(0, Math.min(bytes.byteSize(), TAR_MAGIC_OFFSET + 5)).toArray(JAVA_BYTE);
        boolean pickle = start.length > 1 && start[0] == (byte) 0x80 && start[1] > 0 && start[1] < 6;
        boolean tar = new String(start, StandardCharsets.ISO_8859_1).startsWith("ustar", TAR_MAGIC_OFFSET);
        if (pickle || tar) {
            throw fault("found the " + (pickle ? "pickle" : "tar")
                    + " format of PyTorch before 1.6 (expected: its zip"
                    + " format; load it in Python and save it again with torch.save)");
        }
    }

    private String top() {
        List<String> pickles = zip.names().stream().filter(name -> name.endsWith(PICKLE))
                .filter(name -> name.indexOf('/') == name.length() - PICKLE.length()).toList();
        if (pickles.size() != 1) {
            throw fault("found " + pickles.size()
                    + " entries */data.pkl (expected: one, as torch.save writes it)");
        }
        String name = pickles.getFirst();
        return name.substring(0, name.length() - PICKLE.length());
    }

    /** Checks the file and returns its tensors. */
    SequencedMap<String, StoredTensor> read() {
        checkByteOrder();
        String origin = path + ": " + Messages.printable(top) + PICKLE;
        PickleValue value = new PickleMachine(pickle(), origin).run();
        if (!(value instanceof Dict dict)) {
            throw new ModelException(
                    origin + ": found " + value.describe() + " (expected: a dict of tensors)");
        }
        SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();
        for (Map.Entry<String, PickleValue> member : dict.members.entrySet()) {
            switch (member.getValue()) {
                case View view -> tensors.put(member.getKey(), tensor(member.getKey(), view));
                case Int _,Scalar _,Text _ -> {
                    // A plain value, such as a step counter, is not a weight.
                }
                default -> throw new ModelException(
                        origin + ": \"" + Messages.printable(member.getKey()) + "\": found "
                                + member.getValue().describe()
                                + " (expected: a tensor; only plain state dicts are read)");
            }
        }
        return tensors;
    }

    private void checkByteOrder() {
        String name = top + "/byteorder";
        if (zip.names().contains(name)) {
            MemorySegment content = zip.bytes(name);
            String order = new String(
                    content.asSlice(0, Math.min(content.byteSize(), 100)).toArray(JAVA_BYTE),
                    StandardCharsets.UTF_8);
            if (!order.equals("little")) {
                throw fault("byteorder: found \"" + Messages.printable(order) + "\" (expected: \"little\")");
            }
        }
    }

    private byte[] pickle() {
        MemorySegment content = zip.bytes(top + PICKLE);
        String name = Messages.printable(top) + PICKLE;
        if (content.byteSize() > MAX_PICKLE_BYTES) {
            throw fault(
                    name + ": found " + content.byteSize() + " bytes (expected: at most " + MAX_PICKLE_BYTES
                            + ")");
        }
        byte[] pickle = content.toArray(JAVA_BYTE);
        CRC32 crc = new CRC32();
        crc.update(pickle);
        if (crc.getValue() != zip.crc(top + PICKLE)) {
            throw fault(name
                    + ": found CRC-32 %08x (expected: %08x, by the zip directory)".formatted(crc.getValue(),
                            zip.crc(top + PICKLE)));
        }
        return pickle;
    }

    /** Checks the view in the pickle against its storage and returns the tensor. */
    private StoredTensor tensor(String name, View view) {
        MemorySegment storage = storage(name, view.storage());
        String found = "tensor \"" + Messages.printable(name) + "\": found size "
                + Arrays.toString(view.size())
                + " by stride " + Arrays.toString(view.stride()) + " at offset " + view.offset();
        try {
            int elementBytes = view.storage().dtype().sizeBits() / Byte.SIZE;
            long extent = StoredTensor.extent(view.size(), view.stride());
            if (view.offset() < 0 || extent > view.storage().elementCount() - view.offset()) {
                throw fault(found + " (expected: within the " + view.storage().elementCount()
                        + " elements of its storage)");
            }
            // A stride of 0 repeats elements; allow no more of them than the whole file could hold.
            long elementCount = 1;
            for (long size : view.size()) {
                elementCount = Math.multiplyExact(elementCount, size);
            }
            if (elementCount > bytes.byteSize() / elementBytes) {
                throw fault(found + " (expected: no more elements than a file of " + bytes.byteSize()
                        + " bytes can hold)");
            }
            return StoredTensor.strided(path, name, view.storage().dtype(), view.size(), view.stride(),
                    storage.asSlice(view.offset() * elementBytes, extent * elementBytes));
        } catch (ArithmeticException | IllegalArgumentException e) {
            throw new ModelException(path + ": " + found
                    + " (expected: as many strides as sizes, none negative, fewer than 2^63 elements)", e);
        }
    }

    private MemorySegment storage(String tensor, Storage storage) {
        String entry = top + "/data/" + storage.key();
        String where = "tensor \"" + Messages.printable(tensor) + "\": " + storage.describe() + ": ";
        if (!zip.names().contains(entry)) {
            throw fault(where + "found no entry \"" + Messages.printable(entry) + "\" (expected: one)");
        }
        MemorySegment content = zip.bytes(entry);
        int elementBytes = storage.dtype().sizeBits() / Byte.SIZE;
        long count = storage.elementCount();
        if (count < 0 || count > content.byteSize() / elementBytes
                || count * elementBytes != content.byteSize()) {
            throw fault(where + "found " + content.byteSize() + " bytes (expected: " + count + " elements of "
                    + storage.dtype() + ")");
        }
        return content;
    }

    private ModelException fault(String message) {
        return new ModelException(path + ": " + message);
    }
}
