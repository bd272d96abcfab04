package dev.bgem3.app.serve;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import tools.jackson.core.JsonGenerator;

/** Writes vectors as JSON. A float has the fewest digits that parse to the same 32 bits. */
final class VectorJson {
    private VectorJson() {}

    /** Writes a list of numbers. */
    static void floats(JsonGenerator json, float[] values, int from, int count) {
        json.writeStartArray();
        for (int i = 0; i < count; i++) {
            json.writeNumber(values[from + i]);
        }
        json.writeEndArray();
    }

    /** Writes a list of rows. */
    static void rows(JsonGenerator json, float[] values, int rows, int dimension) {
        json.writeStartArray();
        for (int row = 0; row < rows; row++) {
            floats(json, values, row * dimension, dimension);
        }
        json.writeEndArray();
    }

    /** Writes little-endian fp32 as base64. */
    static void base64Fp32(JsonGenerator json, float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        json.writeBinary(bytes.array());
    }

    /** Writes little-endian fp16, rounded to nearest even, as base64. */
    static void base64Fp16(JsonGenerator json, float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            bytes.putShort(Float.floatToFloat16(value));
        }
        json.writeBinary(bytes.array());
    }
}
