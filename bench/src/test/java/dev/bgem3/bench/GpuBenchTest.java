package dev.bgem3.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bgem3.BgeM3;
import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.Output;
import dev.bgem3.json.Json;
import dev.bgem3.json.JsonObject;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GpuBenchTest {
    private static final List<int[]> TEXTS = List.of(
            IntStream.range(0, 40).map(i -> i == 0 ? 0 : i == 39 ? 2 : 300 * i).toArray(),
            new int[]{0, 6, 2});

    @TempDir
    private Path folder;

    @Test
    void describesTheModelAndTimesAtLeastTheRequestedPasses() throws IOException {
        List<JsonObject> answers = ask("time some dense 0 3 0", "time some all 0 0 0");
        assertThat(answers).hasSize(3);
        assertThat(answers.get(0).string("precision")).contains("fp32");
        assertThat(answers.get(0).number("load_ms").orElseThrow()).isPositive();
        assertThat(answers.get(1).array("millis").orElseThrow().elements()).hasSize(3);
        assertThat(answers.get(2).array("millis").orElseThrow().elements()).isEmpty();
    }

    @Test
    void writesTheModelsOutputsInTheOrderOfTheTexts() throws IOException {
        assertThat(ask("write some all").getLast().integer("texts")).hasValue(2);
        try (BgeM3 model = BgeM3.load(Models.folder(Models.MINI))) {
            List<Embedding> expected = model.encodeTokenIds(TEXTS, EncodeOptions.of(Output.DENSE,
                    Output.SPARSE, Output.COLBERT));
            assertThat(rows("some.dense")).isDeepEqualTo(expected.stream()
                    .map(embedding -> embedding.dense().values()).toArray(float[][]::new));
            assertThat(rows("some.colbert").length).isEqualTo(39 + 2);
            List<Map<Integer, Float>> lexical = Files.readAllLines(folder.resolve("some.lexical")).stream()
                    .map(GpuBenchTest::weights).toList();
            assertThat(lexical).containsExactlyElementsOf(expected.stream()
                    .<Map<Integer, Float>>map(embedding -> embedding.lexicalWeights().asMap()).toList());
            assertThat(lexical.getFirst()).isNotEmpty();
        }
    }

    @Test
    void rejectsAnUnknownRequest() {
        assertThatThrownBy(() -> ask("measure some dense"))
                .hasMessage("request: measure some dense (expected: time or write)");
        assertThatThrownBy(() -> ask("write some sparse"))
                .hasMessage("outputs: sparse (expected: dense or all)");
    }

    private List<JsonObject> ask(String... requests) throws IOException {
        Files.write(folder.resolve("some.ids"), TEXTS.stream().map(ids -> IntStream.of(ids)
                .mapToObj(Integer::toString).collect(Collectors.joining(" "))).toList());
        ByteArrayOutputStream answers = new ByteArrayOutputStream();
        GpuBench.serve(List.of(Models.folder(Models.MINI).toString(), "cpu", "auto", folder.toString()),
                new BufferedReader(new StringReader(String.join("\n", requests))),
                new PrintStream(answers, true, StandardCharsets.UTF_8));
        return answers.toString(StandardCharsets.UTF_8).lines()
                .map(line -> (JsonObject) Json.parse(line.getBytes(StandardCharsets.UTF_8))).toList();
    }

    private static Map<Integer, Float> weights(String line) {
        return Stream.of(line.split(" ")).filter(pair -> !pair.isEmpty()).map(pair -> pair.split(":"))
                .collect(Collectors.toMap(pair -> Integer.parseInt(pair[0]),
                        pair -> Float.parseFloat(pair[1])));
    }

    private float[][] rows(String fileName) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(folder.resolve(fileName)))
                .order(ByteOrder.LITTLE_ENDIAN);
        float[][] rows = new float[bytes.remaining() / Float.BYTES / 256][256];
        for (float[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                row[i] = bytes.getFloat();
            }
        }
        return rows;
    }
}
