package dev.bgem3.app;

import dev.bgem3.convert.ModelConverter;
import dev.bgem3.convert.WeightType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Creates a copy of a fixture whose outputs are NaN. */
public final class BrokenModel {
    private BrokenModel() {}

    /**
     * Copies a model, and makes the scale of its last layer norm so large that later operations overflow.
     *
     * @param folder
     *            an empty folder
     * @return {@code folder}
     */
    public static Path write(Path fixture, Path folder) {
        try {
            ModelConverter.convert(fixture, folder, WeightType.FP32);
            Path weights = folder.resolve("model.safetensors");
            ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(weights)).order(ByteOrder.LITTLE_ENDIAN);
            int header = (int) bytes.getLong(0);
            JsonNode tensors = new ObjectMapper()
                    .readTree(new String(bytes.array(), Long.BYTES, header, StandardCharsets.UTF_8));
            List<String> norms = tensors.propertyNames().stream()
                    .filter(name -> name.matches(".*encoder\\.layer\\.\\d\\.output\\.LayerNorm\\.weight"))
                    .sorted().toList();
            JsonNode offsets = tensors.get(norms.getLast()).get("data_offsets");
            for (int i = offsets.get(0).intValue(); i < offsets.get(1).intValue(); i += Float.BYTES) {
                bytes.putFloat(Long.BYTES + header + i, Float.MAX_VALUE);
            }
            Files.write(weights, bytes.array());
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
