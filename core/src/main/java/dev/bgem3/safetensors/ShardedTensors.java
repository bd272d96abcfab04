package dev.bgem3.safetensors;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.bgem3.error.ModelException;
import dev.bgem3.json.Json;
import dev.bgem3.json.JsonException;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonString;
import dev.bgem3.json.JsonValue;
import dev.bgem3.text.FileStart;
import dev.bgem3.text.Messages;
import dev.bgem3.weights.MappedFile;
import dev.bgem3.weights.StoredTensor;
import dev.bgem3.weights.TensorFile;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * The shards of a model as one {@link TensorFile}. An index such as {@code model.safetensors.index.json} is
 * an object whose {@code weight_map} maps each tensor to the file beside the index that contains it.
 */
public final class ShardedTensors implements TensorFile {
    /** The limit on a header in the format itself. */
    private static final long MAX_INDEX_BYTES = SafetensorsReader.MAX_HEADER_BYTES;

    private final Path index;
    private final Map<String, TensorFile> shards = new LinkedHashMap<>();
    private final SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();

    private ShardedTensors(Path index) {
        this.index = index;
    }

    /**
     * Opens an index and every shard that it names, and lists the tensors in the order of the index.
     *
     * @throws ModelException
     *             if the index or a shard cannot be read, a shard lacks a tensor, or a name leads outside the
     *             folder
     */
    public static ShardedTensors open(Path index) {
        ShardedTensors opening = new ShardedTensors(index);
        boolean opened = false;
        try {
            opening.readAll();
            opened = true;
            return opening;
        } finally {
            if (!opened) {
                opening.close();
            }
        }
    }

    /**
     * Returns the names of the shards in the order of the index, without opening them.
     *
     * @throws ModelException
     *             if the index cannot be read, or a name leads outside the folder
     */
    public static List<String> shardNames(Path index) {
        ShardedTensors unopened = new ShardedTensors(index);
        return unopened.weightMap().members().entrySet().stream()
                .map(tensor -> unopened.shardName(tensor.getKey(), tensor.getValue()).toString()).distinct()
                .toList();
    }

    @Override
    public Path path() {
        return index;
    }

    @Override
    public SequencedMap<String, StoredTensor> tensors() {
        return Collections.unmodifiableSequencedMap(tensors);
    }

    @Override
    public void dropPages() {
        shards.values().forEach(TensorFile::dropPages);
    }

    @Override
    public void close() {
        shards.values().forEach(TensorFile::close);
    }

    private void readAll() {
        weightMap().members().forEach((name, value) -> {
            Path shardName = shardName(name, value);
            TensorFile shard = shards.computeIfAbsent(shardName.toString(),
                    _ -> SafetensorsReader.open(index.resolveSibling(shardName)));
            StoredTensor tensor = shard.tensors().get(name);
            if (tensor == null) {
                throw new ModelException(
                        shard.path() + ": found no tensor \"" + Messages.printable(name)
                                + "\" (expected: it, by the"
                                + " weight_map of " + index.getFileName() + ")");
            }
            tensors.put(name, tensor);
        });
    }

    private JsonObject weightMap() {
        byte[] content = indexBytes();
        try {
            if (!(Json.parse(content) instanceof JsonObject object)) {
                throw new ModelException(index + ": found no JSON object (expected: one with a weight_map)");
            }
            return object.object("weight_map").orElseThrow(
                    () -> new ModelException(
                            index + ": found no \"weight_map\" (expected: one from tensor to shard)"));
        } catch (JsonException e) {
            throw new ModelException(
                    index + ": " + FileStart.inPlaceOf(content, FileStart.TEXT).orElseGet(e::getMessage), e);
        }
    }

    private byte[] indexBytes() {
        try (MappedFile file = MappedFile.open(index)) {
            long size = file.bytes().byteSize();
            if (size > MAX_INDEX_BYTES) {
                throw new ModelException(
                        index + ": found " + size + " bytes (expected: at most " + MAX_INDEX_BYTES + ")");
            }
            return file.bytes().toArray(JAVA_BYTE);
        }
    }

    /** Returns the shard's name as a path of one element, so that a hostile index cannot leave the folder. */
    private Path shardName(String tensor, JsonValue value) {
        if (value instanceof JsonString(String name) && name.chars().noneMatch(c -> c == '/' || c == '\\')
                && !name.isEmpty() && !name.equals(".") && !name.equals("..")) {
            try {
                Path path = Path.of(name);
                if (path.getRoot() == null && path.getNameCount() == 1) {
                    return path;
                }
            } catch (InvalidPathException e) {
                throw new ModelException(
                        index + ": tensor \"" + Messages.printable(tensor) + "\": weight_map: found "
                                + value.describe()
                                + " (expected: a file name of this system)",
                        e);
            }
        }
        throw new ModelException(index + ": tensor \"" + Messages.printable(tensor) + "\": weight_map: found "
                + value.describe()
                + " (expected: the plain name of a file beside the index)");
    }
}
