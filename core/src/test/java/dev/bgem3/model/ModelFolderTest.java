package dev.bgem3.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.bgem3.BgeM3;
import dev.bgem3.Fixtures;
import dev.bgem3.ModelVariant;
import dev.bgem3.Pooling;
import dev.bgem3.error.ModelException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelFolderTest {
    private static final String POOLING = "1_Pooling/config.json";

    @TempDir
    private Path folder;

    @Test
    void describesEachLayout() {
        try (ModelFolder tiny = ModelFolder.open(Fixtures.TINY)) {
            assertThat(tiny.fileNames()).containsExactly("pytorch_model.bin", "sparse_linear.pt",
                    "colbert_linear.pt");
            assertThat(tiny.weightDtype()).isEqualTo("fp32");
            assertThat(tiny.pooling()).isEmpty();
            // The sum of the stored tensors' elements.
            long elements = tiny.encoderTensors().values().stream().mapToLong(tensor -> tensor.elementCount())
                    .sum()
                    + tiny.headTensors().values().stream().mapToLong(tensor -> tensor.elementCount()).sum();
            assertThat(tiny.parameterCount()).isEqualTo(elements);
        }
        try (ModelFolder sharded = ModelFolder.open(Fixtures.TINY_LAYOUTS.get(2))) {
            assertThat(sharded.fileNames()).first().isEqualTo("model.safetensors.index.json");
            assertThat(sharded.weightDtype()).isEqualTo("fp16");
        }
    }

    @Test
    void closesTwice() {
        ModelFolder model = ModelFolder.open(Fixtures.TINY);
        model.close();
        model.close();
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {
            "{\"pooling_mode_cls_token\": true, \"pooling_mode_mean_tokens\": false}; CLS",
            "{\"word_embedding_dimension\": 128, \"pooling_mode_cls_token\": false, \"pooling_mode_mean_tokens\": true, \"include_prompt\": true}; MEAN",
            "{\"pooling_mode_lasttoken\": true}; LAST_TOKEN", "{\"pooling_mode\": \"mean\"}; MEAN",
            "{\"pooling_mode\": \"lasttoken\"}; LAST_TOKEN", "{\"pooling_mode\": \"cls\"}; CLS"})
    void takesTheFoldersPooling(String json, Pooling pooling) {
        ModelVariant.ofTiny().file(POOLING, json).write(folder);
        try (BgeM3 model = BgeM3.load(folder)) {
            assertThat(model.info().pooling()).isEqualTo(pooling);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {
            "{}; pooling modes: [] (expected: one of [pooling_mode_cls_token, pooling_mode_lasttoken, pooling_mode_mean_tokens])",
            "{\"pooling_mode_max_tokens\": true}; pooling modes: [pooling_mode_max_tokens] (expected: one of [pooling_mode_cls_token, pooling_mode_lasttoken, pooling_mode_mean_tokens])",
            "{\"pooling_mode_cls_token\": true, \"pooling_mode_mean_tokens\": true}; pooling modes: [pooling_mode_cls_token, pooling_mode_mean_tokens] (expected: one of [pooling_mode_cls_token, pooling_mode_lasttoken, pooling_mode_mean_tokens])",
            "{\"pooling_mode\": \"max\"}; pooling_mode: \"max\" (expected: one of cls, lasttoken, mean)",
            "[]; not a JSON object"})
    void refusesPoolingsThatItDoesNotCompute(String json, String message) {
        ModelVariant.ofTiny().file(POOLING, json).write(folder);
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder))
                .withMessage(folder.resolve(POOLING) + ": " + message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{\"pooling_mode_cls_token\": 1}", "{\"pooling_mode_cls_token\":",
            "{\"pooling_mode\": true}"})
    void namesThePoolingFileThatIsBroken(String json) {
        ModelVariant.ofTiny().file(POOLING, json).write(folder);
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder))
                .withMessageStartingWith(folder.resolve(POOLING) + ": ");
    }
}
