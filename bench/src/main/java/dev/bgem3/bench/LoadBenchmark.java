package dev.bgem3.bench;

import dev.bgem3.BgeM3;
import dev.bgem3.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The time to load a model, in milliseconds, with the files in the operating system's cache. Measures the
 * first load in each of five fresh JVMs, because this is the time for which a program waits.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 0)
@Measurement(iterations = 1)
@Fork(value = 5, jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class LoadBenchmark {
    /** A model folder; relative to the project's root. */
    @Param(Models.MINI)
    String model;

    private Path folder;
    /** For each tokenizer file, a folder that contains only this file. */
    private final Map<String, Path> tokenizers = new HashMap<>();

    /** Finds the folder; {@link EncodeBenchmark} checks that a loaded model works. */
    @Setup
    public void open() throws IOException {
        folder = Models.folder(model);
        if (!Files.isDirectory(folder)) {
            throw new IllegalStateException("model: " + folder + ": no such folder");
        }
        for (String name : Tokenizer.FILE_NAMES) {
            Path alone = Files.createTempDirectory("bgem3-tokenizer");
            Files.createSymbolicLink(alone.resolve(name), folder.resolve(name).toAbsolutePath());
            tokenizers.put(name, alone);
        }
    }

    /** Removes the folders. */
    @TearDown
    public void close() throws IOException {
        for (Map.Entry<String, Path> alone : tokenizers.entrySet()) {
            Files.delete(alone.getValue().resolve(alone.getKey()));
            Files.delete(alone.getValue());
        }
    }

    /** Measures loading the whole model. */
    @Benchmark
    public int model() {
        try (BgeM3 loaded = BgeM3.load(folder)) {
            return loaded.info().hiddenSize();
        }
    }

    /** Measures loading only the tokenizer, from {@code tokenizer.json}. */
    @Benchmark
    public Tokenizer tokenizerJson() {
        return Tokenizer.load(tokenizers.get(Tokenizer.JSON_FILE));
    }

    /** Measures loading only the tokenizer, from {@code sentencepiece.bpe.model}. */
    @Benchmark
    public Tokenizer sentencePiece() {
        return Tokenizer.load(tokenizers.get(Tokenizer.SENTENCEPIECE_FILE));
    }
}
