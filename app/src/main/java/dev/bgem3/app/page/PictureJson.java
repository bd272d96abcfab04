package dev.bgem3.app.page;

import java.io.StringWriter;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** Writes a picture as the JSON that {@code picture.js} draws. */
final class PictureJson {
    private static final JsonFactory JSON = JsonFactory.builder().build();
    /** Similarities are rounded to five decimals: more make no visible difference. */
    private static final double ROUNDING = 1e5;

    private final JsonGenerator json;

    private PictureJson(JsonGenerator json) {
        this.json = json;
    }

    static String of(Picture picture) {
        StringWriter out = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), out)) {
            new PictureJson(json).picture(picture);
        }
        return out.toString();
    }

    private void picture(Picture picture) {
        json.writeStartObject();
        json.writeStringProperty("model", picture.model());
        json.writeArrayPropertyStart("outputs");
        picture.outputs().forEach(json::writeString);
        json.writeEndArray();
        json.writeNumberProperty("max_length", picture.maxLength());
        json.writeName("weights");
        json.writeArray(new double[]{picture.weights().dense(), picture.weights().sparse(),
                picture.weights().colbert()}, 0, 3);
        json.writeName("query");
        text(picture.query());
        json.writeArrayPropertyStart("passages");
        for (Picture.Passage passage : picture.passages()) {
            json.writeStartObject();
            json.writeName("text");
            text(passage.text());
            json.writeObjectPropertyStart("scores");
            passage.scores().forEach(json::writeNumberProperty);
            json.writeEndObject();
            json.writeName("alignment");
            alignment(passage.alignment());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private void text(Picture.Text text) {
        json.writeStartObject();
        json.writeStringProperty("text", text.text());
        json.writeNumberProperty("token_count", text.tokenCount());
        json.writeNumberProperty("full_token_count", text.fullTokenCount());
        json.writeArrayPropertyStart("tokens");
        for (Picture.Token token : text.tokens()) {
            json.writeStartObject();
            json.writeNumberProperty("id", token.id());
            json.writeNumberProperty("start", token.start());
            json.writeNumberProperty("stop", token.stop());
            json.writeStringProperty("name", token.name());
            json.writeNumberProperty("weight", token.weight());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private void alignment(Alignment alignment) {
        if (alignment == null) {
            json.writeNull();
            return;
        }
        json.writeStartObject();
        json.writeNumberProperty("rows", alignment.rows());
        json.writeNumberProperty("columns", alignment.columns());
        json.writeArrayPropertyStart("similarities");
        for (double similarity : alignment.similarities()) {
            json.writeNumber(Math.round(similarity * ROUNDING) / ROUNDING);
        }
        json.writeEndArray();
        json.writeArrayPropertyStart("best");
        for (Alignment.Match match : alignment.best()) {
            json.writeStartObject();
            json.writeNumberProperty("column", match.column());
            json.writeNumberProperty("similarity", match.similarity());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }
}
