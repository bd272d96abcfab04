package dev.bgem3.convert;

import static dev.bgem3.Embeddings.ALL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.bgem3.BgeM3;
import dev.bgem3.Embedding;
import dev.bgem3.Embeddings;
import dev.bgem3.Fixtures;
import dev.bgem3.KernelKind;
import dev.bgem3.LoadOptions;
import dev.bgem3.ModelInfo;
import dev.bgem3.error.InputException;
import dev.bgem3.error.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SyntheticModelTest {
    private static final SyntheticModel.Sizes SMALL = new SyntheticModel.Sizes(2, 48, 3, 100, 700, 66);

    @TempDir
    private Path temporary;

    @Test
    void writesAModelThatLoadsAndEncodes() {
        Path folder = temporary.resolve("model");
        SyntheticModel.write(folder, SMALL, 1, Optional.empty());
        try (BgeM3 model = BgeM3.load(folder)) {
            ModelInfo info = model.info();
            assertThat(info.layerCount()).isEqualTo(2);
            assertThat(info.hiddenSize()).isEqualTo(48);
            assertThat(info.headCount()).isEqualTo(3);
            assertThat(info.intermediateSize()).isEqualTo(100);
            assertThat(info.vocabSize()).isEqualTo(700);
            assertThat(info.maxLength()).isEqualTo(64);
            assertThat(info.colbertDimension()).isEqualTo(48);
            assertThat(info.weightDtype()).isEqualTo("fp16");
            Embedding embedding = model.encode("Any English text, with punctuation!", ALL);
            Embeddings.assertSound("synthetic", embedding);
            assertThat(embedding.tokenCount()).isGreaterThan(5);
            assertThat(model.tokenizer().encode("Any English text, with punctuation!").ids())
                    .doesNotContain(model.tokenizer().unkTokenId());
            assertThat(model.encode("another").dense()).isNotEqualTo(model.encode("one").dense());
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1, 1, 8, 4", "3, 7, 7, 5, 9, 5", "1, 17, 1, 33, 104, 12"})
    void writesAwkwardSizes(int layers, int hidden, int heads, int intermediate, int vocab,
            int maxPositions) {
        SyntheticModel.Sizes sizes = new SyntheticModel.Sizes(layers, hidden, heads, intermediate, vocab,
                maxPositions);
        SyntheticModel.write(temporary.resolve("model"), sizes, 1, Optional.empty());
        for (String kernels : new String[]{"scalar", "vector"}) {
            LoadOptions options = LoadOptions.builder().kernels(KernelKind.of(kernels)).build();
            try (BgeM3 model = BgeM3.load(temporary.resolve("model"), options)) {
                Embedding embedding = model.encode("! \" # a", ALL);
                Embeddings.assertSound(kernels, embedding);
                assertThat(embedding.dense().dimension()).isEqualTo(hidden);
            }
        }
    }

    @Test
    void writesTheSameBytesForASeedAndOthersForAnother() throws IOException {
        for (String name : new String[]{"first", "again"}) {
            SyntheticModel.write(temporary.resolve(name), SMALL, 42, Optional.empty());
        }
        SyntheticModel.write(temporary.resolve("other"), SMALL, 43, Optional.empty());
        try (Stream<Path> files = Files.list(temporary.resolve("first"))) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                assertThat(temporary.resolve("again").resolve(name)).hasSameBinaryContentAs(file);
            }
        }
        assertThat(Files.mismatch(temporary.resolve("first/model.safetensors"),
                temporary.resolve("other/model.safetensors"))).isNotNegative();
    }

    @Test
    void usesTheTokenizerOfAFolder() throws IOException {
        Path folder = temporary.resolve("model");
        SyntheticModel.write(folder, new SyntheticModel.Sizes(1, 16, 2, 32, 1502, 130), 1,
                Optional.of(Fixtures.TINY));
        assertThat(folder.resolve("tokenizer.json"))
                .hasSameBinaryContentAs(Fixtures.TINY.resolve("tokenizer.json"));
        try (BgeM3 model = BgeM3.load(folder); BgeM3 tiny = BgeM3.load(Fixtures.TINY)) {
            assertThat(model.tokenizer().encode("What is BGE M3?").ids())
                    .isEqualTo(tiny.tokenizer().encode("What is BGE M3?").ids());
        }
    }

    @Test
    void refusesATokenizerOfAnotherSizeAndLeavesNothingBehind() throws IOException {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> SyntheticModel.write(temporary.resolve("model"), SMALL, 1,
                        Optional.of(Fixtures.TINY)))
                .withMessage(
                        Fixtures.TINY + ": a tokenizer of 1502 token ids (expected: 700, the vocab)");
        Path missing = temporary.resolve("missing");
        assertThatExceptionOfType(ModelException.class)
                .isThrownBy(
                        () -> SyntheticModel.write(temporary.resolve("model"), SMALL, 1,
                                Optional.of(missing)))
                .withMessageStartingWith(missing + ": no such folder");
        try (Stream<Path> entries = Files.list(temporary)) {
            assertThat(entries).isEmpty();
        }
    }

    @Test
    void refusesATargetThatIsNotEmpty() throws IOException {
        Files.createFile(temporary.resolve("mine"));
        assertThatExceptionOfType(ModelException.class)
                .isThrownBy(() -> SyntheticModel.write(temporary, SMALL, 1, Optional.empty()))
                .withMessage(temporary + ": exists and is not empty (expected: a new or an empty folder)");
        try (Stream<Path> entries = Files.list(temporary)) {
            assertThat(entries).containsExactly(temporary.resolve("mine"));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {"0;8;1;8;8;4;layers: 0 (expected: 1..1024)",
            "1;0;1;8;8;4;hidden: 0 (expected: 1..65536)", "1;8;9;8;8;4;heads: 9 (expected: 1..8)",
            "1;8;3;8;8;4;heads: 3 (expected: a divisor of hidden, 8)",
            "1;8;1;0;8;4;intermediate: 0 (expected: 1..65536)",
            "1;8;1;8;7;4;vocab: 7 (expected: 8..16000000)",
            "1;8;1;8;8;3;maxPositions: 3 (expected: 4..16000000)"})
    void namesTheSizeThatIsOutOfRange(int layers, int hidden, int heads, int intermediate, int vocab,
            int maxPositions, String message) {
        assertThatIllegalArgumentException().isThrownBy(
                () -> new SyntheticModel.Sizes(layers, hidden, heads, intermediate, vocab, maxPositions))
                .withMessage(message);
    }

    @Test
    void knowsTheSizesOfBgeM3() {
        assertThat(SyntheticModel.Sizes.bgeM3())
                .isEqualTo(new SyntheticModel.Sizes(24, 1024, 16, 4096, 250_002, 8194));
    }
}
