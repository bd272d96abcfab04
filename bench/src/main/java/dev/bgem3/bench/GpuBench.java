package dev.bgem3.bench;

import dev.bgem3.BgeM3;
import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.LexicalWeights;
import dev.bgem3.LoadOptions;
import dev.bgem3.ModelInfo;
import dev.bgem3.Output;
import dev.bgem3.Precision;
import dev.bgem3.json.Json;
import dev.bgem3.json.JsonArray;
import dev.bgem3.json.JsonNumber;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonString;
import dev.bgem3.json.JsonValue;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.stream.Stream;

/**
 * Our side of {@code bench/gpu/run}, which lets this program and torch take turns on one GPU. The program
 * loads a model, describes it in one line of JSON, and then answers each line of its input with another line
 * of JSON.
 *
 * <p>
 * The texts are token ids, one text per line, in files {@code NAME.ids} of one folder. {@code OUTPUTS} is
 * {@code dense} or {@code all} in these requests:
 * <table>
 * <caption>Requests</caption>
 * <tr>
 * <th>request</th>
 * <th>response</th>
 * </tr>
 * <tr>
 * <td>{@code time NAME OUTPUTS WARM_UP LEAST SECONDS}</td>
 * <td>runs passes over all texts for {@code WARM_UP} seconds, then times at least {@code LEAST} passes, for
 * at least {@code SECONDS}: {@code "millis"}</td>
 * </tr>
 * <tr>
 * <td>{@code write NAME OUTPUTS}</td>
 * <td>runs one pass and writes its outputs beside the ids: {@code NAME.dense} and {@code NAME.colbert}
 * contain rows of little-endian fp32, text after text; {@code NAME.lexical} contains one text per line, as
 * {@code id:weight}</td>
 * </tr>
 * </table>
 */
public final class GpuBench {
    private static final int MAX_PASSES = 500;
    private static final int MIN_WARM_UP = 2;

    private final BgeM3 model;
    private final Path folder;

    private GpuBench(BgeM3 model, Path folder) {
        this.model = model;
        this.folder = folder;
    }

    /**
     * Answers requests on standard input; the arguments are the model's folder, the device, the precision and
     * the folder of the ids.
     */
    public static void main(String... arguments) throws IOException {
        try (BufferedReader requests = new BufferedReader(
                new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            serve(List.of(arguments), requests, System.out);
        }
    }

    static void serve(List<String> arguments, BufferedReader requests, PrintStream answers)
            throws IOException {
        if (arguments.size() != 4) {
            throw new IllegalArgumentException(
                    arguments.size() + " arguments (expected: MODEL DEVICE PRECISION FOLDER)");
        }
        LoadOptions options = LoadOptions.builder().device(arguments.get(1))
                .precision(Precision.valueOf(arguments.get(2).toUpperCase(Locale.ROOT))).build();
        long start = System.nanoTime();
        try (BgeM3 model = BgeM3.load(Path.of(arguments.get(0)), options)) {
            GpuBench bench = new GpuBench(model, Path.of(arguments.get(3)));
            answers.println(Json.write(bench.description(millisSince(start))));
            String request;
            while ((request = requests.readLine()) != null) {
                answers.println(Json.write(bench.answer(request.split(" "))));
            }
        }
    }

    private JsonObject description(double loadMillis) {
        ModelInfo info = model.info();
        SequencedMap<String, JsonValue> members = new LinkedHashMap<>();
        members.put("kernels", new JsonString(info.kernels().name()));
        members.put("description", new JsonString(info.kernelDescription()));
        members.put("precision", new JsonString(info.precision().label()));
        members.put("java", new JsonString(Runtime.version().toString()));
        members.put("load_ms", number(loadMillis));
        return new JsonObject(members);
    }

    private JsonObject answer(String[] words) throws IOException {
        switch (words[0]) {
            case "time" -> {
                List<int[]> texts = texts(words[1]);
                EncodeOptions options = options(words[2]);
                passes(texts, options, MIN_WARM_UP, Double.parseDouble(words[3]));
                List<JsonValue> millis = passes(texts, options, Integer.parseInt(words[4]),
                        Double.parseDouble(words[5]));
                return object("millis", new JsonArray(millis));
            }
            case "write" -> {
                EncodeOptions options = options(words[2]);
                List<Embedding> embeddings = model.encodeTokenIds(texts(words[1]), options);
                write(words[1], embeddings, options);
                return object("texts", JsonNumber.of(embeddings.size()));
            }
            default -> throw new IllegalArgumentException(
                    "request: " + String.join(" ", words) + " (expected: time or write)");
        }
    }

    private List<int[]> texts(String name) throws IOException {
        try (Stream<String> lines = Files.lines(folder.resolve(name + ".ids"))) {
            return lines.map(line -> Stream.of(line.split(" ")).mapToInt(Integer::parseInt).toArray())
                    .toList();
        }
    }

    private EncodeOptions options(String outputs) {
        return switch (outputs) {
            case "dense" -> EncodeOptions.of(Output.DENSE);
            case "all" -> EncodeOptions.builder().outputs(model.info().outputs()).build();
            default -> throw new IllegalArgumentException(
                    "outputs: " + outputs + " (expected: dense or all)");
        };
    }

    private List<JsonValue> passes(List<int[]> texts, EncodeOptions options, int least, double seconds) {
        List<JsonValue> millis = new ArrayList<>();
        long start = System.nanoTime();
        while (millis.size() < least
                || millis.size() < MAX_PASSES && millisSince(start) < seconds * 1e3) {
            long before = System.nanoTime();
            model.encodeTokenIds(texts, options);
            millis.add(number(millisSince(before)));
        }
        return millis;
    }

    private void write(String name, List<Embedding> embeddings, EncodeOptions options) throws IOException {
        if (options.outputs().contains(Output.DENSE)) {
            writeRows(name + ".dense", embeddings.stream().map(embedding -> embedding.dense().values()));
        }
        if (options.outputs().contains(Output.COLBERT)) {
            writeRows(name + ".colbert", embeddings.stream().map(embedding -> embedding.colbert().values()));
        }
        if (options.outputs().contains(Output.SPARSE)) {
            Files.write(folder.resolve(name + ".lexical"),
                    embeddings.stream().map(embedding -> line(embedding.lexicalWeights())).toList());
        }
    }

    private void writeRows(String fileName, Stream<float[]> rows) throws IOException {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(folder.resolve(fileName)))) {
            for (float[] values : (Iterable<float[]>) rows::iterator) {
                ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN);
                bytes.asFloatBuffer().put(values);
                out.write(bytes.array());
            }
        }
    }

    private static String line(LexicalWeights weights) {
        StringBuilder line = new StringBuilder();
        weights.asMap()
                .forEach((id, weight) -> line.append(line.isEmpty() ? "" : " ").append(id).append(':')
                        .append(weight));
        return line.toString();
    }

    private static JsonObject object(String key, JsonValue value) {
        SequencedMap<String, JsonValue> members = new LinkedHashMap<>();
        members.put(key, value);
        return new JsonObject(members);
    }

    private static JsonNumber number(double value) {
        return new JsonNumber(String.format(Locale.ROOT, "%.4f", value));
    }

    private static double millisSince(long nanos) {
        return (System.nanoTime() - nanos) / 1e6;
    }
}
