package dev.bgem3.bench;

import dev.bgem3.BgeM3;
import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.KernelKind;
import dev.bgem3.LoadOptions;
import dev.bgem3.ModelInfo;
import dev.bgem3.Precision;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Our side of {@code bench/peers/run}: loads a model once, then answers each line of standard input with one
 * line of JSON; the first answer comes when the model is loaded. Between requests no thread runs.
 *
 * <pre>
 * time NAME LEAST SECONDS   encodes the texts of NAME.ids repeatedly, at least LEAST times and for SECONDS
 *                           {"millis":[…]}
 * write NAME FILE           encodes them once and writes their vectors, not normalised, to FILE as
 *                           little-endian float32
 *                           {"rows":…}
 * </pre>
 *
 * <p>
 * {@code NAME.ids} contains one text per line, as token ids separated by spaces; both files are in the folder
 * given in the arguments. All texts are encoded in one call, to dense vectors only.
 */
public final class PeerBench {
    private static final EncodeOptions OPTIONS = EncodeOptions.builder().normalize(false).build();

    private final BgeM3 model;
    private final Path folder;
    private String name = "";
    private List<int[]> texts = List.of();

    private PeerBench(BgeM3 model, Path folder) {
        this.model = model;
        this.folder = folder;
    }

    /**
     * Answers requests on standard input; the arguments are the model's folder, the kernels, the precision,
     * the number of threads and the folder of the files.
     */
    public static void main(String... arguments) throws IOException {
        LoadOptions options = LoadOptions.builder().kernels(KernelKind.of(arguments[1]))
                .precision(Precision.valueOf(arguments[2].toUpperCase(Locale.ROOT)))
                .threads(Integer.parseInt(arguments[3])).build();
        try (BgeM3 model = BgeM3.load(Path.of(arguments[0]), options)) {
            ModelInfo info = model.info();
            answer("{\"version\":\"Java %s, %s kernels in %s\"}", Runtime.version(), info.kernels(),
                    info.precision().label());
            new PeerBench(model, Path.of(arguments[4])).serve();
        }
    }

    private static void answer(String format, Object... values) {
        System.out.printf(Locale.ROOT, format + "%n", values);
        System.out.flush();
    }

    private void serve() throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ");
            read(words[1]);
            switch (words[0]) {
                case "time" -> answer("{\"millis\":%s}",
                        time(Integer.parseInt(words[2]), Double.parseDouble(words[3])));
                case "write" -> answer("{\"rows\":%d}", write(folder.resolve(words[2])));
                default -> throw new IllegalArgumentException(words[0] + " (expected: time or write)");
            }
        }
    }

    private void read(String asked) throws IOException {
        if (asked.equals(name)) {
            return;
        }
        try (Stream<String> lines = Files.lines(folder.resolve(asked + ".ids"))) {
            texts = lines.map(line -> Arrays.stream(line.split(" ")).mapToInt(Integer::parseInt).toArray())
                    .toList();
        }
        name = asked;
    }

    private String time(int least, double seconds) {
        List<Double> millis = new ArrayList<>();
        long start = System.nanoTime();
        double nanos = seconds * TimeUnit.SECONDS.toNanos(1);
        while (millis.size() < least || System.nanoTime() - start < nanos) {
            long before = System.nanoTime();
            model.encodeTokenIds(texts, OPTIONS);
            millis.add((System.nanoTime() - before) / 1e6);
        }
        return millis.stream().map(Object::toString).collect(Collectors.joining(",", "[", "]"));
    }

    private int write(Path file) throws IOException {
        List<Embedding> embeddings = model.encodeTokenIds(texts, OPTIONS);
        int dimension = model.info().hiddenSize();
        ByteBuffer bytes = ByteBuffer.allocate(embeddings.size() * dimension * Float.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        embeddings.forEach(embedding -> {
            for (float value : embedding.dense().values()) {
                bytes.putFloat(value);
            }
        });
        Files.write(file, bytes.array());
        return embeddings.size();
    }
}
