package dev.bgem3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.bgem3.error.ModelException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests {@code 1_Pooling/config.json}, as sentence-transformers writes it. */
class PoolingFileTest {
    private static final String POOLING = "1_Pooling/config.json";

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {
            "{\"pooling_mode_cls_token\": true, \"pooling_mode_mean_tokens\": false}; CLS",
            "{\"word_embedding_dimension\": 128, \"pooling_mode_cls_token\": false, "
                    + "\"pooling_mode_mean_tokens\": true, \"include_prompt\": true}; MEAN",
            "{\"pooling_mode_lasttoken\": true}; LAST_TOKEN", "{\"pooling_mode\": \"mean\"}; MEAN",
            "{\"pooling_mode\": \"lasttoken\"}; LAST_TOKEN", "{\"pooling_mode\": \"cls\"}; CLS"})
    void usesTheFoldersPooling(String json, Pooling pooling) {
        ModelVariant.ofTiny().file(POOLING, json).write(folder);
        try (BgeM3 model = BgeM3.load(folder)) {
            assertThat(model.info().pooling()).isEqualTo(pooling);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {
            "{}; pooling modes: [] (expected: one of [pooling_mode_cls_token, pooling_mode_lasttoken, "
                    + "pooling_mode_mean_tokens])",
            "{\"pooling_mode_max_tokens\": true}; pooling modes: [pooling_mode_max_tokens] (expected: one of "
                    + "[pooling_mode_cls_token, pooling_mode_lasttoken, pooling_mode_mean_tokens])",
            "{\"pooling_mode_cls_token\": true, \"pooling_mode_mean_tokens\": true}; pooling modes: "
                    + "[pooling_mode_cls_token, pooling_mode_mean_tokens] (expected: one of "
                    + "[pooling_mode_cls_token, pooling_mode_lasttoken, pooling_mode_mean_tokens])",
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
    void namesABrokenPoolingFile(String json) {
        ModelVariant.ofTiny().file(POOLING, json).write(folder);
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder))
                .withMessageStartingWith(folder.resolve(POOLING) + ": ");
    }
}
