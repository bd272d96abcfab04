package dev.bgem3.app.wire;

import dev.bgem3.ColbertVectors;
import dev.bgem3.Embedding;
import dev.bgem3.Output;
import dev.bgem3.PairScores;
import dev.bgem3.RerankScore;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import tools.jackson.core.JsonEncoding;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;

/**
 * Writes results as JSON Lines: one object per line.
 *
 * <p>
 * A float is written as by {@link Float#toString(float)}: with the fewest digits that parse to the same 32
 * bits.
 */
public final class ResultWriter {
    private static final JsonFactory FACTORY = JsonFactory.builder().rootValueSeparator("")
            .disable(StreamWriteFeature.AUTO_CLOSE_TARGET).disable(StreamWriteFeature.FLUSH_PASSED_TO_STREAM)
            .build();

    private final JsonGenerator json;

    /** Creates a writer for a stream that the caller flushes and closes, after {@link #flush()}. */
    public ResultWriter(OutputStream out) {
        json = FACTORY.createGenerator(ObjectWriteContext.empty(), out, JsonEncoding.UTF8);
    }

    /**
     * Writes the outputs that an embedding has.
     *
     * @param tokenNames
     *            returns the lexical weights by decoded token; null to write them by id
     */
    public void embedding(String id, Embedding embedding,
            Function<Embedding, Map<String, Float>> tokenNames) {
        begin(id);
        if (embedding.has(Output.DENSE)) {
            json.writeName("dense");
            floats(embedding.dense().values(), 0, embedding.dense().dimension());
        }
        if (embedding.has(Output.SPARSE)) {
            json.writeObjectPropertyStart("sparse");
            if (tokenNames == null) {
                embedding.lexicalWeights().asMap()
                        .forEach((token, weight) -> json.writeNumberProperty(token.toString(), weight));
            } else {
                tokenNames.apply(embedding).forEach(json::writeNumberProperty);
            }
            json.writeEndObject();
        }
        if (embedding.has(Output.COLBERT)) {
            json.writeName("colbert");
            rows(embedding.colbert());
        }
        end();
    }

    /** Writes the five scores of a pair. */
    public void scores(String id, PairScores scores) {
        begin(id);
        scores.asMap().forEach(json::writeNumberProperty);
        end();
    }

    /** Writes a reranker's score of a pair. */
    public void score(String id, RerankScore score) {
        begin(id);
        json.writeNumberProperty("score", score.score());
        end();
    }

    /**
     * Writes passages with their scores, in the given order.
     *
     * @param first
     *            the index of the line's first passage, which is written as 0
     */
    public void ranking(String id, List<RerankScore> ranked, int first) {
        begin(id);
        json.writeArrayPropertyStart("results");
        for (RerankScore score : ranked) {
            json.writeStartObject();
            json.writeNumberProperty("index", score.index() - first);
            json.writeNumberProperty("score", score.score());
            json.writeEndObject();
        }
        json.writeEndArray();
        end();
    }

    /** Writes the tokens of a text. */
    public void tokens(String id, int[] ids, Function<Integer, String> piece) {
        begin(id);
        json.writeName("ids");
        json.writeArray(ids, 0, ids.length);
        json.writeArrayPropertyStart("tokens");
        for (int token : ids) {
            json.writeString(piece.apply(token));
        }
        json.writeEndArray();
        end();
    }

    /** Writes a measurement. */
    public void benchmark(BenchmarkResult result) {
        json.writeStartObject();
        json.writeNumberProperty("batch", result.batch());
        json.writeNumberProperty("tokens", result.tokens());
        json.writeStringProperty("precision", result.precision());
        json.writeStringProperty("device", result.device());
        json.writeStringProperty("kernels", result.kernels());
        json.writeNumberProperty("threads", result.threads());
        json.writeNumberProperty("median_ms", result.medianMs());
        json.writeNumberProperty("min_ms", result.minMs());
        json.writeNumberProperty("max_ms", result.maxMs());
        json.writeNumberProperty("tokens_per_s", result.tokensPerSecond());
        json.writeNumberProperty("gflops", result.gflops());
        json.writeNumberProperty("load_ms", result.loadMs());
        json.writeName("peak_rss_mb");
        if (result.peakRssMb().isPresent()) {
            json.writeNumber(result.peakRssMb().getAsLong());
        } else {
            json.writeNull();
        }
        end();
    }

    /** Passes all that was written to the stream. */
    public void flush() {
        json.flush();
    }

    private void begin(String id) {
        json.writeStartObject();
        json.writeName("id");
        json.writeRawValue(id);
    }

    private void end() {
        json.writeEndObject();
        json.writeRaw('\n');
    }

    private void rows(ColbertVectors vectors) {
        json.writeStartArray();
        for (int row = 0; row < vectors.rows(); row++) {
            floats(vectors.values(), row * vectors.dimension(), vectors.dimension());
        }
        json.writeEndArray();
    }

    private void floats(float[] values, int from, int count) {
        json.writeStartArray();
        for (int i = 0; i < count; i++) {
            json.writeNumber(values[from + i]);
        }
        json.writeEndArray();
    }
}
